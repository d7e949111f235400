"""The connection to Discord: receives commands and components, reports errors, and shuts down in order."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import discord
from discord import app_commands
from discord.gateway import DiscordWebSocket
from yarl import URL

from bot.discord_client.command_sync import sync_commands
from bot.discord_client.feature import AnyCommand, Feature
from bot.discord_client.translator import CommandTranslator
from bot.domain.ports import PreferencesStore
from bot.interactions.legacy import LegacyHandler, parse_interaction
from bot.interactions.locale import get_localized_messages, load_preferences
from bot.interactions.responses import respond_or_followup_with_problems, respond_outdated, respond_privately
from bot.interactions.routing import Router, is_routed
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

SHUTDOWN_GRACE_SECONDS: Final = 20.0  # for running interactions, and then again for background tasks
MAX_RESTART_DELAY_SECONDS: Final = 60.0

BackgroundTask = Callable[[], Awaitable[None]]


class RunningInteractions:
    """The interactions being handled, and whether new ones are accepted."""

    def __init__(self) -> None:
        self.is_draining = False
        self.tasks: set[asyncio.Task[Any]] = set()

    async def track_interaction(
        self, interaction: discord.Interaction, preferences_store: PreferencesStore | None
    ) -> bool:
        """Load the user's preferences and let the interaction run in this task; False when the bot is stopping."""
        if self.is_draining:
            if interaction.type is not discord.InteractionType.autocomplete:
                await respond_privately(interaction, get_localized_messages(interaction).text("refused.restarting"))
            return False
        task = asyncio.current_task()
        if task is not None:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await load_preferences(interaction, preferences_store)
        return True


class GuildCommandTree(app_commands.CommandTree[discord.Client]):
    """The commands, available in servers only. An unexpected error is logged with the job's id and reported."""

    def __init__(
        self, client: discord.Client, commands: Sequence[AnyCommand], preferences_store: PreferencesStore | None = None
    ) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
        )
        for command in commands:
            self.add_command(command)
        self.running_interactions = RunningInteractions()
        self.preferences_store = preferences_store

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Let a command run unless the bot is stopping."""
        return await self.running_interactions.track_interaction(interaction, self.preferences_store)

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        """Respond to a command that failed or that this version of the bot does not have."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            log.warning("interaction %s: %s", interaction.id, error)
            try:
                await respond_outdated(interaction)
            except Exception:  # Discord itself may be what fails
                log.exception("interaction %s: no response could be sent", interaction.id)
            return
        await report_error(interaction, error.__cause__ or error)


class Bot(discord.AutoShardedClient):
    """The Discord client. It dispatches commands, buttons, selects and modals to the features' handlers.

    A `RejectedError` raised by a handler is shown to the user. `background_tasks` start after the login and are
    restarted whenever they fail.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        preferences_store: PreferencesStore | None = None,
        legacy_handlers: Mapping[str, LegacyHandler] | None = None,
    ) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        commands = [command for feature in features for command in feature.commands]
        self.tree = GuildCommandTree(self, commands, preferences_store)
        self.router = Router(route for feature in features for route in feature.routes)
        self.legacy_handlers = dict(legacy_handlers or {})
        self.background_tasks: dict[str, BackgroundTask] = {}
        self._running_tasks: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Prepare the session; discord.py calls this between the login and the gateway."""
        # discord.py takes a new session's address from a constant, not from the API that it was pointed at
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        await self.tree.set_translator(CommandTranslator())
        await sync_commands(self.tree)
        self._running_tasks = [
            asyncio.create_task(run_with_restarts(name, run), name=name) for name, run in self.background_tasks.items()
        ]

    async def on_ready(self) -> None:
        """Log that the bot is ready."""
        log.info("ready as %s in %d guilds", self.user, len(self.guilds))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle a button, a select or a modal; discord.py hands commands to the tree."""
        if not is_routed(interaction):
            return
        try:
            if not await self.tree.running_interactions.track_interaction(interaction, self.tree.preferences_store):
                return
            handler = self.router.find_handler(interaction) or self._find_legacy_handler(interaction)
            if handler is None:
                await respond_outdated(interaction)
            else:
                await handler()
        except Exception as error:  # noqa: BLE001 - every error is reported to the user
            await report_error(interaction, error)

    def _find_legacy_handler(self, interaction: discord.Interaction) -> Callable[[], Awaitable[None]] | None:
        parsed_id = parse_interaction(interaction)
        if parsed_id is None or parsed_id.action not in self.legacy_handlers:
            return None
        return partial(self.legacy_handlers[parsed_id.action], interaction, parsed_id)

    async def drain(self) -> None:
        """Accept no more interactions, wait for the running ones, then cancel the background tasks and wait for them.

        Each wait ends after `SHUTDOWN_GRACE_SECONDS`.
        """
        running = self.tree.running_interactions
        running.is_draining = True
        if running.tasks:
            log.info("finishing %d interactions", len(running.tasks))
            await asyncio.wait(running.tasks, timeout=SHUTDOWN_GRACE_SECONDS)
        for task in self._running_tasks:
            task.cancel()
        if self._running_tasks:
            await asyncio.wait(self._running_tasks, timeout=SHUTDOWN_GRACE_SECONDS)


async def report_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Show the user why a request was rejected; log any other error and report it as a fault of the bot."""
    if isinstance(error, RejectedError):
        problems = error.problems
    else:
        log.error("job %s: the command failed", interaction.id, exc_info=error)
        problems = (make_problem("internal"),)
    try:
        await respond_or_followup_with_problems(interaction, problems)
    except Exception:  # Discord itself may be what fails
        log.exception("interaction %s: no response could be sent", interaction.id)


async def run_with_restarts(name: str, task: BackgroundTask) -> None:
    """Run a task until cancelled. When it ends or fails, log it and restart it after 1 s, 2 s, 4 s … up to a minute."""
    delay = 1.0
    while True:
        started = time.monotonic()
        try:
            await task()
            log.error("%s ended; restarting it in %g s", name, delay)
        except Exception:
            log.exception("%s failed; restarting it in %g s", name, delay)
        await asyncio.sleep(delay)
        ran_long = time.monotonic() - started > 2 * MAX_RESTART_DELAY_SECONDS
        delay = 1.0 if ran_long else min(2 * delay, MAX_RESTART_DELAY_SECONDS)

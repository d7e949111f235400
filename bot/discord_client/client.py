"""The connection to Discord: commands in, errors in words, background work kept alive, an orderly end."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import discord
from discord import app_commands
from discord.gateway import DiscordWebSocket
from yarl import URL

from bot.command_registry import Commands
from bot.discord_client.command_sync import sync_commands
from bot.discord_client.translator import CommandTranslator
from bot.domain.ports import PreferencesStore
from bot.interactions.components import DYNAMIC_ITEMS, CustomId
from bot.interactions.locale import get_localized_messages, load_preferences
from bot.interactions.modals import ModalSubmission, parse_modal_submission
from bot.interactions.responses import respond_or_followup_with_problems, respond_outdated, respond_privately
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

SHUTDOWN_GRACE_SECONDS: Final = 20.0  # seconds that commands in hand, and then background work, get to finish
MAX_RESTART_DELAY_SECONDS: Final = 60.0

BackgroundTask = Callable[[], Awaitable[None]]
ComponentHandler = Callable[[discord.Interaction, CustomId], Awaitable[None]]
ModalHandler = Callable[[discord.Interaction, ModalSubmission], Awaitable[None]]


class RunningInteractions:
    """The interactions that are being answered, and whether more are taken."""

    def __init__(self) -> None:
        self.is_draining = False
        self.tasks: set[asyncio.Task[Any]] = set()

    async def track_interaction(
        self, interaction: discord.Interaction, preferences_store: PreferencesStore | None
    ) -> bool:
        """Let an interaction run in this task, its person known, unless the bot is about to stop."""
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
    """The commands, in guilds alone. What fails unexpectedly is logged with the job's id and told to the author."""

    def __init__(
        self, client: discord.Client, commands: Commands, preferences_store: PreferencesStore | None = None
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
        """Let a command run unless the bot is about to stop."""
        return await self.running_interactions.track_interaction(interaction, self.preferences_store)

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        """Leave nobody without an answer."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            log.warning("job %s: %s", interaction.id, error)
            try:
                await respond_outdated(interaction)
            except Exception:  # Discord itself may be what fails
                log.exception("job %s: its author could not be told", interaction.id)
            return
        await report_error(interaction, error.__cause__ or error)


class Bot(discord.AutoShardedClient):
    """The client of the bot. `background` is started once logged in and started again whenever it dies.

    `presses` and `forms` are what buttons and modals do, by the verb of their custom id. A `RejectedError` that they
    raise is
    told.
    """

    def __init__(self, commands: Commands, preferences_store: PreferencesStore | None = None) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = GuildCommandTree(self, commands, preferences_store)
        self.component_handlers: Mapping[str, ComponentHandler] = {}
        self.modal_handlers: Mapping[str, ModalHandler] = {}
        self.background_tasks: dict[str, BackgroundTask] = {}
        self._running_tasks: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Run by discord.py between the login and the gateway."""
        # discord.py takes a new session's address from a constant, not from the API that it was pointed at
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        self.add_dynamic_items(*DYNAMIC_ITEMS)
        await self.tree.set_translator(CommandTranslator())
        await sync_commands(self.tree)
        self._running_tasks = [
            asyncio.create_task(run_with_restarts(name, run), name=name) for name, run in self.background_tasks.items()
        ]

    async def on_ready(self) -> None:
        """Say so in the log."""
        log.info("ready as %s in %d guilds", self.user, len(self.guilds))

    async def handle_component(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        """Do what a button or a select wants."""
        handler = self.component_handlers.get(parsed_id.action)
        await self._run_handler(interaction, handler and partial(handler, interaction, parsed_id))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take the modals: discord.py forgets them with the process that opened them."""
        form = parse_modal_submission(interaction)
        if form is not None:
            handler = self.modal_handlers.get(form.action)
            await self._run_handler(interaction, handler and partial(handler, interaction, form))

    async def _run_handler(
        self, interaction: discord.Interaction, handler: Callable[[], Awaitable[None]] | None
    ) -> None:
        try:
            if not await self.tree.running_interactions.track_interaction(interaction, self.tree.preferences_store):
                return
            if handler is None:
                await respond_outdated(interaction)
            else:
                await handler()
        except Exception as error:  # noqa: BLE001 - whatever it is, its author is told
            await report_error(interaction, error)

    async def drain(self) -> None:
        """Take no more commands; let those in hand finish, then the background work, `PATIENCE` seconds each."""
        in_hand = self.tree.running_interactions
        in_hand.is_draining = True
        if in_hand.tasks:
            log.info("finishing %d commands", len(in_hand.tasks))
            await asyncio.wait(in_hand.tasks, timeout=SHUTDOWN_GRACE_SECONDS)
        for task in self._running_tasks:
            task.cancel()
        if self._running_tasks:
            await asyncio.wait(self._running_tasks, timeout=SHUTDOWN_GRACE_SECONDS)


async def report_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Tell its author why it was refused; whatever else failed is logged, and the bot is to blame."""
    if isinstance(error, RejectedError):
        problems = error.problems
    else:
        log.error("job %s: the command failed", interaction.id, exc_info=error)
        problems = (make_problem("internal"),)
    try:
        await respond_or_followup_with_problems(interaction, problems)
    except Exception:  # Discord itself may be what fails
        log.exception("job %s: its author could not be told", interaction.id)


async def run_with_restarts(name: str, task: BackgroundTask) -> None:
    """Run it until cancelled; when it ends by itself, log why and start it again, after 1 s, 2 s, 4 s … a minute."""
    pause = 1.0
    while True:
        started = time.monotonic()
        try:
            await task()
            log.error("%s ended by itself; it is started again in %g s", name, pause)
        except Exception:
            log.exception("%s died; it is started again in %g s", name, pause)
        await asyncio.sleep(pause)
        pause = (
            1.0
            if time.monotonic() - started > 2 * MAX_RESTART_DELAY_SECONDS
            else min(2 * pause, MAX_RESTART_DELAY_SECONDS)
        )

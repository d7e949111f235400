"""The connection to Discord: commands in, errors in words, background work kept alive, an orderly end."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import discord
from discord import app_commands
from discord.gateway import DiscordWebSocket
from yarl import URL

from bot.commands.answers import apologise, tell
from bot.commands.sync import synchronise
from bot.commands.translation import PhraseTranslator
from bot.phrases import phrases_for

log = logging.getLogger(__name__)

PATIENCE: Final = 20.0  # seconds that commands in hand, and then background work, get to finish
LONGEST_PAUSE: Final = 60.0

Background = Callable[[], Awaitable[None]]


class Tree(app_commands.CommandTree[discord.Client]):
    """The commands, in guilds alone. What fails unexpectedly is logged with the job's id and told to the author."""

    def __init__(self, client: discord.Client, commands: Sequence[app_commands.Command[Any, ..., None]]) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
        )
        for command in commands:
            self.add_command(command)
        self.draining = False
        self.running: set[asyncio.Task[Any]] = set()

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Let a command run unless the bot is about to stop."""
        if self.draining:
            if interaction.type is discord.InteractionType.application_command:
                await tell(interaction, phrases_for(interaction.locale.value).say("refused.restarting"))
            return False
        task = asyncio.current_task()
        if task is not None:
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        return True

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        """Leave nobody without an answer."""
        try:
            if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
                log.warning("job %s: %s", interaction.id, error)
                await tell(interaction, phrases_for(interaction.locale.value).say("refused.outdated"))
                return
            cause = error.__cause__ or error
            log.error("job %s: the command failed", interaction.id, exc_info=cause)
            await apologise(interaction)
        except Exception:  # Discord itself may be what fails
            log.exception("job %s: its author could not be told", interaction.id)


class Bot(discord.AutoShardedClient):
    """The client of the bot. `background` is started once logged in and started again whenever it dies."""

    def __init__(self, commands: Sequence[app_commands.Command[Any, ..., None]]) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = Tree(self, commands)
        self.background: dict[str, Background] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Run by discord.py between the login and the gateway."""
        # discord.py takes a new session's address from a constant, not from the API that it was pointed at
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        await self.tree.set_translator(PhraseTranslator())
        await synchronise(self.tree)
        self._tasks = [asyncio.create_task(keep_alive(name, run), name=name) for name, run in self.background.items()]

    async def on_ready(self) -> None:
        """Say so in the log."""
        log.info("ready as %s in %d guilds", self.user, len(self.guilds))

    async def drain(self) -> None:
        """Take no more commands; let those in hand finish, then the background work, `PATIENCE` seconds each."""
        self.tree.draining = True
        if self.tree.running:
            log.info("finishing %d commands", len(self.tree.running))
            await asyncio.wait(self.tree.running, timeout=PATIENCE)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)


async def keep_alive(name: str, run: Background) -> None:
    """Run it until cancelled; when it ends by itself, log why and start it again, after 1 s, 2 s, 4 s … a minute."""
    pause = 1.0
    while True:
        started = time.monotonic()
        try:
            await run()
            log.error("%s ended by itself; it is started again in %g s", name, pause)
        except Exception:
            log.exception("%s died; it is started again in %g s", name, pause)
        await asyncio.sleep(pause)
        pause = 1.0 if time.monotonic() - started > 2 * LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)

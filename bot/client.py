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

from bot.commands.book import Commands
from bot.commands.sync import synchronise
from bot.commands.translation import PhraseTranslator
from bot.interactions.answers import outdated, refuse_late, tell
from bot.interactions.forms import Form, read_form
from bot.interactions.speaking import get_to_know, phrases_of
from bot.ports import Knowing
from bot.views import ITEMS, Press
from shared.errors import Refused, problem

log = logging.getLogger(__name__)

PATIENCE: Final = 20.0  # seconds that commands in hand, and then background work, get to finish
LONGEST_PAUSE: Final = 60.0

Background = Callable[[], Awaitable[None]]
PressHandler = Callable[[discord.Interaction, Press], Awaitable[None]]
FormHandler = Callable[[discord.Interaction, Form], Awaitable[None]]


class InHand:
    """The interactions that are being answered, and whether more are taken."""

    def __init__(self) -> None:
        self.draining = False
        self.running: set[asyncio.Task[Any]] = set()

    async def take(self, interaction: discord.Interaction, people: Knowing | None) -> bool:
        """Let an interaction run in this task, its person known, unless the bot is about to stop."""
        if self.draining:
            if interaction.type is not discord.InteractionType.autocomplete:
                await tell(interaction, phrases_of(interaction).say("refused.restarting"))
            return False
        task = asyncio.current_task()
        if task is not None:
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        await get_to_know(interaction, people)
        return True


class Tree(app_commands.CommandTree[discord.Client]):
    """The commands, in guilds alone. What fails unexpectedly is logged with the job's id and told to the author."""

    def __init__(self, client: discord.Client, commands: Commands, people: Knowing | None = None) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
        )
        for command in commands:
            self.add_command(command)
        self.in_hand = InHand()
        self.people = people

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Let a command run unless the bot is about to stop."""
        return await self.in_hand.take(interaction, self.people)

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        """Leave nobody without an answer."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            log.warning("job %s: %s", interaction.id, error)
            try:
                await outdated(interaction)
            except Exception:  # Discord itself may be what fails
                log.exception("job %s: its author could not be told", interaction.id)
            return
        await own_up(interaction, error.__cause__ or error)


class Bot(discord.AutoShardedClient):
    """The client of the bot. `background` is started once logged in and started again whenever it dies.

    `presses` and `forms` are what buttons and modals do, by the verb of their custom id. A `Refused` that they raise is
    told.
    """

    def __init__(self, commands: Commands, people: Knowing | None = None) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = Tree(self, commands, people)
        self.presses: Mapping[str, PressHandler] = {}
        self.forms: Mapping[str, FormHandler] = {}
        self.background: dict[str, Background] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Run by discord.py between the login and the gateway."""
        # discord.py takes a new session's address from a constant, not from the API that it was pointed at
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
        self.add_dynamic_items(*ITEMS)
        await self.tree.set_translator(PhraseTranslator())
        await synchronise(self.tree)
        self._tasks = [asyncio.create_task(keep_alive(name, run), name=name) for name, run in self.background.items()]

    async def on_ready(self) -> None:
        """Say so in the log."""
        log.info("ready as %s in %d guilds", self.user, len(self.guilds))

    async def pressed(self, interaction: discord.Interaction, press: Press) -> None:
        """Do what a button or a select wants."""
        handler = self.presses.get(press.verb)
        await self._serve(interaction, handler and partial(handler, interaction, press))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take the modals: discord.py forgets them with the process that opened them."""
        form = read_form(interaction)
        if form is not None:
            handler = self.forms.get(form.verb)
            await self._serve(interaction, handler and partial(handler, interaction, form))

    async def _serve(self, interaction: discord.Interaction, answer: Callable[[], Awaitable[None]] | None) -> None:
        try:
            if not await self.tree.in_hand.take(interaction, self.tree.people):
                return
            if answer is None:
                await outdated(interaction)
            else:
                await answer()
        except Exception as error:  # noqa: BLE001 - whatever it is, its author is told
            await own_up(interaction, error)

    async def drain(self) -> None:
        """Take no more commands; let those in hand finish, then the background work, `PATIENCE` seconds each."""
        in_hand = self.tree.in_hand
        in_hand.draining = True
        if in_hand.running:
            log.info("finishing %d commands", len(in_hand.running))
            await asyncio.wait(in_hand.running, timeout=PATIENCE)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=PATIENCE)


async def own_up(interaction: discord.Interaction, error: BaseException) -> None:
    """Tell its author why it was refused; whatever else failed is logged, and the bot is to blame."""
    if isinstance(error, Refused):
        problems = error.problems
    else:
        log.error("job %s: the command failed", interaction.id, exc_info=error)
        problems = (problem("internal"),)
    try:
        await refuse_late(interaction, problems)
    except Exception:  # Discord itself may be what fails
        log.exception("job %s: its author could not be told", interaction.id)


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

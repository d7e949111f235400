"""`python -m bot check`: whether the bot could run, told line by line, and the link that invites it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import discord

from bot.adapters.records import Records
from bot.adapters.redis import connect
from bot.client import Tree
from bot.commands.book import every_command
from bot.commands.sync import in_step
from bot.commands.translation import PhraseTranslator
from bot.interactions.permissions import INVITED
from bot.settings import Settings
from shared.catalogue import Catalogue

DEADLINE: Final = 30.0
SCOPES: Final = ("bot", "applications.commands")

Finding = Callable[[], Awaitable[str]]


async def check(settings: Settings, catalogue: Catalogue) -> int:
    """Print what is found; 0 when everything is in order, else 1."""
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        findings: dict[str, Finding] = {
            "Discord": lambda: _discord(client, settings, catalogue),
            "Redis": lambda: _redis(settings),
            "Records": lambda: _records(settings, catalogue),
        }
        _say("Settings", "in order")
        results = [await _found(name, finding) for name, finding in findings.items()]
    return 0 if all(results) else 1


async def _found(name: str, finding: Finding) -> bool:
    try:
        async with asyncio.timeout(DEADLINE):
            _say(name, await finding())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what was asked for
        _say(name, f"FAILED: {_reason(error)}")
        return False
    return True


async def _discord(client: discord.Client, settings: Settings, catalogue: Catalogue) -> str:
    await client.login(settings.discord_token.get_secret_value())
    tree = Tree(client, every_command(catalogue, datetime.now(UTC).date(), defaultdict(lambda: _nothing)))
    await tree.set_translator(PhraseTranslator())
    commands = "written to Discord" if await in_step(tree) else "not yet those of this version; a start writes them"
    link = discord.utils.oauth_url(client.application_id or 0, permissions=INVITED, scopes=SCOPES)
    return f"logged in as {client.user}\nCommands: {commands}\nPermissions: {INVITED.value}\nInvite: {link}"


async def _redis(settings: Settings) -> str:
    redis = connect(settings.redis_url.get_secret_value())
    try:
        await redis.ping()
    finally:
        await redis.aclose()
    return "answers"


async def _records(settings: Settings, catalogue: Catalogue) -> str:
    records = Records(settings.database_url.get_secret_value(), catalogue=catalogue)
    try:
        await records.look()
    finally:
        await records.close()
    return "answer"


async def _nothing(*_: object, **__: object) -> None:
    """Stand for the commands' work, which a check does not do."""


def _reason(error: Exception) -> str:
    if isinstance(error, discord.LoginFailure):
        return "the token was refused. Make a new one: developer portal, Bot, Reset Token"
    return f"{error}" or type(error).__name__


def _say(name: str, words: str) -> None:
    print(f"{name}: {words}", flush=True)  # noqa: T201 - a command line's answer

"""`python -m bot check`: whether the bot could run, a line for each service, and the link that invites it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import discord

from bot.app import build_features
from bot.discord_client.command_sync import is_in_sync
from bot.discord_client.command_tree import GuildCommandTree
from bot.discord_client.feature import AnyCommand
from bot.discord_client.translator import CommandTranslator
from bot.interactions.permissions import INVITE_PERMISSIONS
from bot.queue.connection import connect_to_redis
from bot.services import open_services
from bot.settings import Settings
from bot.storage.engine import DatabaseSetupError
from bot.storage.session import Database
from shared.catalogue import Catalogue

CHECK_TIMEOUT_SECONDS: Final = 30.0
INVITE_SCOPES: Final = ("bot", "applications.commands")

Check = Callable[[], Awaitable[str]]


async def run_checks(settings: Settings, catalogue: Catalogue) -> int:
    """Check every service and print the results. Returns 0 if all of them can be used, else 1."""
    _print_line("Settings", "in order")
    try:
        async with open_services(settings, catalogue) as services:
            commands = [command for feature in build_features(services) for command in feature.commands]
            checks: dict[str, Check] = {
                "Discord": lambda: _check_discord(settings, commands),
                "Redis": lambda: _check_redis(settings),
                "Records": lambda: _check_database(services.database),
            }
            results = [await _run_check(name, check) for name, check in checks.items()]
    except DatabaseSetupError as error:
        _print_line("Records", f"FAILED: {error}")
        return 1
    return 0 if all(results) else 1


async def _run_check(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            _print_line(name, await check())
    except Exception as error:  # noqa: BLE001 - any error is a result of the check
        _print_line(name, f"FAILED: {_describe_error(error)}")
        return False
    return True


async def _check_discord(settings: Settings, commands: Sequence[AnyCommand]) -> str:
    proxy = settings.proxies.choose_proxy(settings.discord_api_url)
    async with discord.Client(intents=discord.Intents(guilds=True), proxy=proxy) as client:
        await client.login(settings.discord_token.get_secret_value())
        tree = GuildCommandTree(client, commands)
        await tree.set_translator(CommandTranslator())
        is_registered = await is_in_sync(tree)
        state = (
            "registered with Discord" if is_registered else "not those of this version; the next start registers them"
        )
        application_id = client.application_id or 0
        link = discord.utils.oauth_url(application_id, permissions=INVITE_PERMISSIONS, scopes=INVITE_SCOPES)
        return f"logged in as {client.user}\nCommands: {state}\nPermissions: {INVITE_PERMISSIONS.value}\nInvite: {link}"


async def _check_redis(settings: Settings) -> str:
    redis = connect_to_redis(settings.redis_url.get_secret_value())
    try:
        await redis.ping()
    finally:
        await redis.aclose()
    return "answers"


async def _check_database(database: Database) -> str:
    await database.ping()
    return "answer"


def _describe_error(error: Exception) -> str:
    if isinstance(error, discord.LoginFailure):
        return "the token was refused. Make a new one: developer portal, Bot, Reset Token"
    return f"{error}" or type(error).__name__


def _print_line(name: str, text: str) -> None:
    print(f"{name}: {text}", flush=True)  # noqa: T201 - a command line's answer

"""`python -m bot check`: whether the bot could run, a line for each service, and the link that invites it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

from bot.app import build_features
from bot.discord_client.command_sync import is_in_sync
from bot.discord_client.command_tree import BotCommandTree
from bot.discord_client.feature import AnyCommand
from bot.discord_client.translator import CommandTranslator
from bot.interactions.permissions import INVITE_PERMISSIONS
from bot.queue.check import check_server
from bot.services import open_services
from bot.settings import Settings
from bot.storage.check import check_database
from bot.storage.engine import DatabaseSetupError
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.settings_reader import find_misspelt_settings

CHECK_TIMEOUT_SECONDS: Final = 30.0
INVITE_SCOPES: Final = ("bot", "applications.commands")


@dataclass(frozen=True)
class CheckResult:
    """The description of a service, and sentences about its faults."""

    text: str = ""
    warnings: Sequence[str] = ()
    errors: Sequence[str] = ()


Check = Callable[[], Awaitable[CheckResult]]


async def run_checks(settings: Settings, catalogue: Catalogue) -> int:
    """Check every service and print the results. Returns 0 if all of them can be used, else 1."""
    _print_line("Settings", "in order")
    for sentence in (*find_misspelt_settings(), *_list_missing_budgets(settings)):
        _print_line("Settings", f"WARNING: {sentence}")
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
            result = await check()
    except Exception as error:  # noqa: BLE001 - any error is a result of the check
        result = CheckResult(errors=(_describe_error(error),))
    if result.text:
        _print_line(name, result.text)
    for severity, sentences in (("WARNING", result.warnings), ("FAILED", result.errors)):
        for sentence in sentences:
            _print_line(name, f"{severity}: {sentence}")
    return not result.errors


def _list_missing_budgets(settings: Settings) -> Sequence[str]:
    if settings.has_budget:
        return ()
    return ("nothing limits what the bot may spend. Set BUDGET_USD_PER_DAY or BUDGET_USD_PER_MONTH",)


def _list_access_warnings(settings: Settings, *, is_public: bool) -> Sequence[str]:
    if settings.servers or not is_public:
        return ()
    advice = "Name your servers in SERVERS, or turn off Public Bot in Discord's developer portal"
    return (f"anyone can add the bot to their server and spend your money. {advice}",)


async def _check_discord(settings: Settings, commands: Sequence[AnyCommand]) -> CheckResult:
    proxy = settings.proxies.choose_proxy(settings.discord_api_url)
    async with discord.Client(intents=discord.Intents(guilds=True), proxy=proxy) as client:
        await client.login(settings.discord_token.get_secret_value())
        tree = BotCommandTree(client, commands)
        await tree.set_translator(CommandTranslator())
        is_registered = await is_in_sync(tree)
        state = (
            "registered with Discord" if is_registered else "not those of this version; the next start registers them"
        )
        application = await client.application_info()
        link = discord.utils.oauth_url(application.id, permissions=INVITE_PERMISSIONS, scopes=INVITE_SCOPES)
        return CheckResult(
            f"logged in as {client.user}\nCommands: {state}\nPermissions: {INVITE_PERMISSIONS.value}\nInvite: {link}",
            _list_access_warnings(settings, is_public=application.bot_public),
        )


async def _check_redis(settings: Settings) -> CheckResult:
    report = await check_server(
        settings.redis_url.get_secret_value(), settings.key_names, settings.redis_max_memory_ratio
    )
    return CheckResult(report.summary, report.warnings, report.errors)


async def _check_database(database: Database) -> CheckResult:
    return CheckResult(await check_database(database))


def _describe_error(error: Exception) -> str:
    if isinstance(error, discord.LoginFailure):
        return "the token was refused. Make a new one: developer portal, Bot, Reset Token"
    if isinstance(error, TimeoutError):
        return f"it did not answer within {CHECK_TIMEOUT_SECONDS:g} s. Check its address and the network"
    if isinstance(error, (discord.DiscordException, aiohttp.ClientError)):
        return (
            f"it cannot be used ({error or type(error).__name__}). Check DISCORD_API_URL, HTTPS_PROXY and the network"
        )
    return f"{error}" or type(error).__name__


def _print_line(name: str, text: str) -> None:
    print(f"{name}: {text}", flush=True)  # noqa: T201 - a command line's answer

"""`python -m bot check`: whether the bot could run, told line by line, and the link that invites it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import discord

from bot.discord_client.command_sync import is_in_sync
from bot.discord_client.command_tree import GuildCommandTree
from bot.discord_client.feature import AnyCommand
from bot.discord_client.translator import CommandTranslator
from bot.features.explore.feature import build_explore_feature
from bot.features.export.feature import build_export_feature
from bot.features.history.feature import build_history_feature
from bot.features.imagine.feature import build_imagine_feature
from bot.features.lineage.feature import build_lineage_feature
from bot.features.preferences.feature import build_preferences_feature
from bot.features.presets.feature import build_presets_feature
from bot.features.privacy.feature import build_privacy_feature
from bot.features.queue.feature import build_queue_feature
from bot.features.reimagine.feature import build_reimagine_feature
from bot.features.result_actions.feature import build_result_actions_feature
from bot.features.server_settings.feature import build_server_settings_feature
from bot.interactions.permissions import INVITE_PERMISSIONS
from bot.queue.connection import connect_to_redis
from bot.settings import Settings
from bot.storage.session import Database
from bot.submission.option_parser import OptionParser
from bot.submission.preset_option import PresetOption
from bot.submission.source_option import SourceOption
from shared.catalogue import Catalogue

CHECK_TIMEOUT_SECONDS: Final = 30.0
INVITE_SCOPES: Final = ("bot", "applications.commands")

Check = Callable[[], Awaitable[str]]


async def run_checks(settings: Settings, catalogue: Catalogue) -> int:
    """Print what is found; 0 when everything is in order, else 1."""
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        findings: dict[str, Check] = {
            "Discord": lambda: _check_discord(client, settings, catalogue),
            "Redis": lambda: _check_redis(settings),
            "Records": lambda: _check_database(settings),
        }
        _print_line("Settings", "in order")
        results = [await _run_check(name, finding) for name, finding in findings.items()]
    return 0 if all(results) else 1


async def _run_check(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            _print_line(name, await check())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what was asked for
        _print_line(name, f"FAILED: {_describe_error(error)}")
        return False
    return True


async def _check_discord(client: discord.Client, settings: Settings, catalogue: Catalogue) -> str:
    await client.login(settings.discord_token.get_secret_value())
    tree = GuildCommandTree(client, _build_commands(catalogue))
    await tree.set_translator(CommandTranslator())
    state = "written to Discord" if await is_in_sync(tree) else "not yet those of this version; a start writes them"
    link = discord.utils.oauth_url(client.application_id or 0, permissions=INVITE_PERMISSIONS, scopes=INVITE_SCOPES)
    return f"logged in as {client.user}\nCommands: {state}\nPermissions: {INVITE_PERMISSIONS.value}\nInvite: {link}"


async def _check_redis(settings: Settings) -> str:
    redis = connect_to_redis(settings.redis_url.get_secret_value())
    try:
        await redis.ping()
    finally:
        await redis.aclose()
    return "answers"


async def _check_database(settings: Settings) -> str:
    database = Database(settings.database_url.get_secret_value())
    try:
        await database.ping()
    finally:
        await database.close()
    return "answer"


def _build_commands(catalogue: Catalogue) -> list[AnyCommand]:
    """Build the commands, whose handlers have nothing to work with, because they are never called."""
    unused: Any = None
    today, preset_option = datetime.now(UTC).date(), PresetOption(unused)
    parser = OptionParser(unused, SourceOption(unused, unused), preset_option)
    features = [
        build_imagine_feature(parser, unused, catalogue, today),
        build_explore_feature(parser, unused, unused, unused, unused, unused, unused, catalogue, lambda: today),
        build_reimagine_feature(unused, unused, unused, unused),
        build_result_actions_feature(unused, unused, unused, unused, catalogue),
        build_history_feature(unused, unused, unused, unused, unused, unused, catalogue),
        build_lineage_feature(unused, unused, unused, unused, catalogue),
        build_queue_feature(unused, unused, catalogue),
        build_export_feature(unused, unused),
        build_presets_feature(unused, preset_option, unused, unused, catalogue),
        build_preferences_feature(unused, catalogue),
        build_privacy_feature(unused, unused, unused),
        build_server_settings_feature(unused),
    ]
    return [command for feature in features for command in feature.commands]


def _describe_error(error: Exception) -> str:
    if isinstance(error, discord.LoginFailure):
        return "the token was refused. Make a new one: developer portal, Bot, Reset Token"
    return f"{error}" or type(error).__name__


def _print_line(name: str, text: str) -> None:
    print(f"{name}: {text}", flush=True)  # noqa: T201 - a command line's answer

"""The command `python -m bot doctor`."""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import discord

from bot.app import build_features
from bot.doctor.discord_check import check_discord
from bot.queue.check import check_broker_server, check_redis_server
from bot.services import open_services
from bot.settings import Settings
from bot.storage.check import check_database
from bot.storage.engine import DatabaseSetupError
from shared.addresses.database import parse_database_address
from shared.catalogue import Catalogue
from shared.doctor.findings import SETTING, Finding, Status, find_fault
from shared.doctor.machine import check_disk, check_open_files
from shared.doctor.pictures import check_pictures_of
from shared.doctor.report import publish_findings, silence_log
from shared.doctor.settings_check import check_settings, list_secrets
from shared.settings import InvalidSettingsError
from shared.settings_reader import inspect_settings

LIBRARIES: Final = ("discord.py", "redis", "sqlalchemy", "alembic", "psycopg", "pydantic", "pillow")
OPEN_FILES: Final = 1024
"""Connections to Discord, Redis, the database and file servers, one or more for each member at once."""

Check = Callable[[], Awaitable[list[Finding]]]


def run_doctor(arguments: argparse.Namespace) -> int:
    """Check all that the bot needs, and print it.

    Exit codes: 0, nothing keeps it from its work; 1, something does; 2, settings are missing or wrong.
    """
    silence_log()
    report = inspect_settings(Settings)
    findings = check_settings(Settings, report)
    if report.settings is not None:
        try:
            catalogue = report.settings.read_catalogue()
        except InvalidSettingsError as error:
            findings.append(find_fault(f"{SETTING}CATALOGUE_FILE", str(error)))
        else:
            findings += asyncio.run(check_services(report.settings, catalogue))
    secrets = list_secrets(report.settings, Settings.library_secrets)
    return publish_findings("bot", findings, arguments, secrets, LIBRARIES)


async def check_services(settings: Settings, catalogue: Catalogue) -> list[Finding]:
    """Check Discord, Redis, the database, budgets and the machine."""
    discord.http.Route.BASE = settings.discord_api_url

    async def check_redis() -> list[Finding]:
        url, ratio = settings.redis_url.get_secret_value(), settings.redis_max_memory_ratio
        findings = await check_redis_server(url, settings.key_names, ratio)
        broker = settings.celery_broker_url
        if broker is not None:
            findings += await check_broker_server(broker.get_secret_value(), settings.key_names)
        return findings

    async def check_bucket() -> list[Finding]:
        return await asyncio.to_thread(check_pictures_of, settings)

    checks: dict[str, Check] = {
        "discord": lambda: check_discord(settings, None),
        "redis": check_redis,
        "pictures": check_bucket,
    }
    try:
        async with open_services(settings, catalogue) as services:
            commands = [command for feature in build_features(services) for command in feature.commands]
            checks["discord"] = lambda: check_discord(settings, commands)
            checks["database"] = lambda: check_database(services.database)
            findings = await _gather_findings(checks)
    except DatabaseSetupError as error:
        findings = [*await _gather_findings(checks), find_fault("database.server", str(error))]
    return [_check_budget(settings), *findings, *_check_machine(settings)]


async def _gather_findings(checks: Mapping[str, Check]) -> list[Finding]:
    """Run checks side by side, and list their findings in order."""
    found = await asyncio.gather(*(_run_check(name, check) for name, check in checks.items()))
    return [finding for findings in found for finding in findings]


async def _run_check(name: str, check: Check) -> list[Finding]:
    try:
        return await check()
    except Exception as error:  # noqa: BLE001 - the other checks go on
        what = f"The check itself failed ({type(error).__name__}: {error})."
        return [Finding(name, Status.ERROR, what, "Report it with the file of --report.")]


def _check_budget(settings: Settings) -> Finding:
    if settings.has_budget:
        return Finding("budget", Status.OK, "What the bot may spend is limited.")
    advice = "Set BUDGET_USD_PER_DAY or BUDGET_USD_PER_MONTH."
    return Finding("budget", Status.WARNING, "Nothing limits what the bot may spend.", advice)


def _check_machine(settings: Settings) -> list[Finding]:
    findings = [
        check_disk("disk.temporary", Path(tempfile.gettempdir())),
        check_open_files("process.files", OPEN_FILES),
    ]
    database = parse_database_address(settings.database_url.get_secret_value())
    if database.backend == "sqlite":
        findings.insert(0, check_disk("disk.database", Path(database.path).absolute().parent))
    return findings

"""The command line of the bot: `python -m bot [command]`; without one, it runs the bot."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import discord

from bot.app import run_bot
from bot.backup_command import add_backup_arguments, run_backup, run_restore
from bot.batch_command import add_batch_arguments, run_batch_command
from bot.doctor.command import LIBRARIES, run_doctor
from bot.domain.budgets import BudgetUnit, to_micro_usd
from bot.key_move_command import add_move_arguments, run_key_move
from bot.ledger_adjustment import Adjustment, adjust_ledger
from bot.ledger_report import GROUPS, print_ledger
from bot.lifecycle import StartupError
from bot.logging import configure_logging
from bot.pictures_lifecycle import add_lifecycle_arguments, run_lifecycle_command
from bot.settings import Settings
from bot.storage.ledger_reports import ReportGroup
from shared.doctor.report import add_report_arguments
from shared.queue.server_mode import UnsupportedServerError
from shared.settings import InvalidSettingsError
from shared.settings_reader import find_misspelt_settings, read_settings
from shared.stored_format import UnsupportedFormatError
from shared.tracing import create_tracer
from shared.version import describe_version

log = logging.getLogger(__name__)

EXIT_FAILED: Final = 1
EXIT_NOT_CONFIGURED: Final = 2
AMOUNT_LIMIT: Final = 1_000_000
ID_LIMIT: Final = 2**63
COMMANDS: Final = {
    "run": "run the bot until it is stopped (the default)",
    "doctor": "check settings, Discord, Redis, database and machine, and print the link that installs the bot",
    "check": "the same as doctor",
    "ledger": "print what was spent, by month, server, model or day, or adjust the budgets of a member",
    "batch": "send a batch in, list batches, look at one or cancel it",
    "backup": "copy the database into a folder, while the bot runs",
    "restore": "restore the database from a backup, while the bot does not run",
    "move-keys": "move all keys in Redis to another prefix, while neither a bot nor a worker runs",
    "pictures-lifecycle": "print the lifecycle rule for the bucket of PICTURES_URL, or set it",
    "version": "print the release, the stored format, and the versions of Python and the libraries",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 if it failed, 2 if the settings or the stored format are wrong."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    command: str = arguments.command or "run"
    without_settings: dict[str, Callable[[], int]] = {
        "version": print_version,
        "doctor": lambda: run_doctor(arguments),
        "check": lambda: run_doctor(arguments),
        "backup": lambda: run_backup(arguments),
        "restore": lambda: run_restore(arguments),
    }
    if command in without_settings:
        return without_settings[command]()
    runs_bot = command == "run"
    try:
        settings = read_settings(Settings, heading="The bot is not set up. Set these in the environment or in .env:")
        catalogue = settings.read_catalogue()
        tracer = create_tracer("pentimento-bot", is_on=settings.tracing and runs_bot)
    except InvalidSettingsError as error:
        return print_error(EXIT_NOT_CONFIGURED, str(error))
    configure_logging(
        settings.log_level if runs_bot else "ERROR",
        log_format=settings.log_format,
        shows_prompts=settings.log_prompts,
    )
    for sentence in find_misspelt_settings() if runs_bot else ():
        log.warning("%s", sentence)
    discord.http.Route.BASE = settings.discord_api_url
    others: dict[str, Callable[[], Coroutine[Any, Any, int]]] = {
        "ledger": lambda: run_ledger_command(settings, parser, arguments),
        "batch": lambda: run_batch_command(settings, catalogue, arguments),
        "pictures-lifecycle": lambda: asyncio.to_thread(run_lifecycle_command, settings, arguments),
        "move-keys": lambda: run_key_move(settings, arguments),
    }
    if command in others:
        return asyncio.run(others[command]())
    try:
        asyncio.run(run_bot(settings, catalogue, tracer))
    except (UnsupportedServerError, UnsupportedFormatError) as error:
        return print_error(EXIT_NOT_CONFIGURED, str(error))
    except StartupError as error:
        return print_error(EXIT_FAILED, str(error))
    finally:
        tracer.shutdown()
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    parsers = {name: commands.add_parser(name, help=help_text) for name, help_text in COMMANDS.items()}
    for name in ("doctor", "check"):
        add_report_arguments(parsers[name])
    add_batch_arguments(parsers["batch"])
    add_backup_arguments(parsers["backup"], parsers["restore"])
    add_move_arguments(parsers["move-keys"])
    add_lifecycle_arguments(parsers["pictures-lifecycle"])
    ledger = parsers["ledger"]
    ledger.add_argument("--by", choices=[group.value for group in GROUPS], default=ReportGroup.MONTH.value)
    ledger.add_argument("--since", help="a date such as 2026-11-01 (UTC); the default is the beginning")
    ledger.add_argument("--csv", action="store_true", help="print a table for spreadsheets")
    ledger.add_argument("action", nargs="?", choices=("report", "adjust"), default="report")
    adjustment = ledger.add_argument_group("adjust", "gives a member more, or less if the amount is negative")
    adjustment.add_argument("--guild", type=int, metavar="ID", help="the server")
    adjustment.add_argument("--member", type=int, metavar="ID")
    adjustment.add_argument("--usd", type=float, metavar="AMOUNT")
    adjustment.add_argument("--pictures", type=int, metavar="NUMBER")
    adjustment.add_argument("--reason", help="for the ledger and the server's audit log")
    return parser


async def run_ledger_command(settings: Settings, parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Print or adjust the ledger, and return the exit code."""
    if arguments.action == "adjust":
        return await adjust_ledger(settings, read_adjustment(parser, arguments))
    return await print_ledger(settings, ReportGroup(arguments.by), arguments.since, as_csv=arguments.csv)


def read_adjustment(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> Adjustment:
    """Read the options of `ledger adjust`. Ends the process with code 2 if some are missing."""
    missing = [f"--{name}" for name in ("guild", "member", "reason") if not getattr(arguments, name)]
    if missing:
        parser.error(f"ledger adjust needs {' and '.join(missing)}")
    if (arguments.usd is None) == (arguments.pictures is None):
        parser.error("ledger adjust needs either --usd or --pictures")
    for name in ("usd", "pictures"):
        amount = getattr(arguments, name)
        if amount is not None and not abs(amount) <= AMOUNT_LIMIT:
            parser.error(f"--{name} is from -{AMOUNT_LIMIT} to {AMOUNT_LIMIT}")
    for name in ("guild", "member"):
        if not 0 < getattr(arguments, name) < ID_LIMIT:
            parser.error(f"--{name} is an id of Discord, such as 1442000000000000001")
    unit = BudgetUnit.USD if arguments.pictures is None else BudgetUnit.PICTURES
    amount = to_micro_usd(arguments.usd) if arguments.pictures is None else arguments.pictures
    return Adjustment(arguments.guild, arguments.member, unit, amount, arguments.reason)


def print_version() -> int:
    """Print the release, the stored format, and the versions of Python and the libraries."""
    print(describe_version(LIBRARIES))
    return 0


def print_error(code: int, text: str) -> int:
    """Print to the error stream and return the exit code."""
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

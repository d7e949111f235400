"""The command line of the bot: `python -m bot [run | check | version]`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from typing import Final

import discord

from bot.app import run_bot
from bot.check import run_checks
from bot.lifecycle import StartupError
from bot.logging import configure_logging
from bot.settings import Settings
from shared import __version__
from shared.settings import InvalidSettingsError, find_misspelt_settings, read_settings
from shared.stored_format import UnsupportedFormatError

log = logging.getLogger(__name__)

EXIT_FAILED: Final = 1
EXIT_NOT_CONFIGURED: Final = 2
COMMANDS: Final = {
    "run": "run the bot until it is stopped (the default)",
    "check": "check the settings, Discord, Redis and the database, and print the invite link",
    "version": "print the version",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 if it failed, 2 if the settings or the stored format are wrong."""
    command: str = build_parser().parse_args(argv).command
    if command == "version":
        print(f"pentimento {__version__}")
        return 0
    try:
        settings = read_settings(Settings, heading="The bot is not set up. Set these in the environment or in .env:")
        catalogue = settings.read_catalogue()
    except InvalidSettingsError as error:
        return print_error(EXIT_NOT_CONFIGURED, str(error))
    configure_logging("ERROR" if command == "check" else settings.log_level)
    for sentence in find_misspelt_settings() if command == "run" else ():
        log.warning("%s", sentence)
    discord.http.Route.BASE = settings.discord_api_url
    if command == "check":
        return asyncio.run(run_checks(settings, catalogue))
    try:
        asyncio.run(run_bot(settings, catalogue))
    except UnsupportedFormatError as error:
        return print_error(EXIT_NOT_CONFIGURED, str(error))
    except StartupError as error:
        return print_error(EXIT_FAILED, str(error))
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = "; ".join(f"{name}: {description}" for name, description in COMMANDS.items())
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="run", help=commands)
    return parser


def print_error(code: int, text: str) -> int:
    """Print to the error stream and return the exit code."""
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

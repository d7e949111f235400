"""The parts that the commands share: exit codes, errors, and the arguments that replace settings."""

import argparse
from enum import IntEnum
from pathlib import Path
from typing import Any

from shared.catalogue import Catalogue
from shared.errors import PentimentoError
from shared.settings import InvalidSettingsError
from worker import configuration
from worker.settings import Settings
from worker.signing import PictureSigner, load_signer


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FAILED = 1
    USAGE = 2
    FILTERED = 3


class CommandError(PentimentoError):
    """A command cannot be carried out; the message says why, and how to proceed."""


class UsageError(CommandError):
    """The arguments or the settings are invalid; `messages` has one for each problem."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


def build_parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """Build the parser of a command."""
    return argparse.ArgumentParser(f"python -m worker {command}", description=description, allow_abbrev=False)


def add_setting_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that replace settings, for `load_configuration`."""
    parser.add_argument("--region", help="instead of AWS_REGION")
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="instead of CATALOGUE_FILE")


def list_overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    """List the settings that arguments replace."""
    overrides = {"aws_region": arguments.region, "catalogue_file": arguments.catalogue}
    return {name: value for name, value in overrides.items() if value is not None}


def load_configuration(arguments: argparse.Namespace) -> tuple[Settings, Catalogue]:
    """Load the configuration, with the arguments in place of settings. Raises `UsageError`."""
    try:
        return configuration.load_configuration(**list_overrides(arguments))
    except InvalidSettingsError as error:
        raise UsageError(str(error)) from error


def load_signing(settings: Settings) -> PictureSigner | None:
    """Load the signer of results, if there is one. Raises `UsageError`."""
    try:
        return load_signer(settings.c2pa_certificate_file, settings.c2pa_private_key_file)
    except InvalidSettingsError as error:
        raise UsageError(str(error)) from error

"""`python -m bot backup` and `python -m bot restore`: copies of the database, for the operator.

Exit codes: 0 if it was done, 1 if not, 2 if a setting is wrong. They need `DATABASE_URL` alone, no token.
"""

# ruff: noqa: T201 - the answers of a command line

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.domain.backups import BackupError, BackupManifest
from bot.settings import DatabaseSettings
from bot.storage.backups.operations import make_backup, restore_backup
from bot.storage.engine import parse_database_url
from shared.settings import InvalidSettingsError
from shared.settings_reader import read_settings

EXIT_FAILED: Final = 1
EXIT_NOT_CONFIGURED: Final = 2
_BYTES_PER_MIB: Final = 1024 * 1024
_NEXT_STEPS: Final = """Next:
1. Start Redis: empty, or with the copy that was made right after this backup, never with an earlier one.
2. Start the bot. It looks in Discord for what was answered since, before workers may start a call.
3. Start the workers.
What was asked since the backup is unknown: whoever had no answer asks again. AWS's bill may be higher than the ledger,
which lacks what was spent since."""


def add_backup_arguments(backup: argparse.ArgumentParser, restore: argparse.ArgumentParser) -> None:
    """Add the options of both commands to their parsers."""
    backup.add_argument("folder", type=Path, metavar="FOLDER", help="where the backup gets a folder of its own")
    backup.add_argument(
        "--keep", type=_parse_count, metavar="NUMBER", help="delete all but so many of the newest backups there"
    )
    restore.add_argument("folder", type=Path, metavar="FOLDER", help="a backup, or the folder whose newest one it is")
    restore.add_argument("--force", action="store_true", help="overwrite a database that is not empty")


def run_backup(arguments: argparse.Namespace) -> int:
    """Make a backup, and return the exit code. The bot may run."""

    def make(settings: DatabaseSettings) -> None:
        url = parse_database_url(settings.database_url.get_secret_value())
        backup = make_backup(url, arguments.folder, time.time(), keep=arguments.keep)
        print(f"The backup is in {backup.folder}: {_describe(backup.manifest)}")

    return _run(make)


def run_restore(arguments: argparse.Namespace) -> int:
    """Restore a backup, and return the exit code. The bot must not run."""

    def restore(settings: DatabaseSettings) -> None:
        url = parse_database_url(settings.database_url.get_secret_value())
        backup = restore_backup(url, arguments.folder, time.time(), is_forced=arguments.force)
        print(f"{backup.folder} is restored: {_describe(backup.manifest)}\n\n{_NEXT_STEPS}")

    return _run(restore)


def _run(work: Callable[[DatabaseSettings], None]) -> int:
    try:
        work(read_settings(DatabaseSettings, heading="These settings are wrong:"))
    except InvalidSettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_CONFIGURED
    except BackupError as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    return 0


def _describe(manifest: BackupManifest) -> str:
    made_at = datetime.fromtimestamp(manifest.made_at, UTC)
    jobs, size = manifest.row_counts.get("jobs", 0), manifest.size_bytes / _BYTES_PER_MIB
    return f"{jobs} jobs, {size:.1f} MiB, made on {made_at:%Y-%m-%d at %H:%M:%S} UTC by release {manifest.release}."


def _parse_count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of backups. Keep at least 1")
    return number

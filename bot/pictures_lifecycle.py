"""The command `python -m bot pictures-lifecycle`: print the lifecycle rule for the bucket of pictures, or set it."""

import argparse
import json
import sys

from bot.settings import Settings
from shared.pictures.lifecycle import RETENTION_DAYS, build_rule, compute_least_days, replace_rule
from shared.pictures.reference import PictureStorageError
from shared.pictures.storage import create_picture_storage


def add_lifecycle_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--apply", action="store_true", help="set the rule, beside the other rules of the bucket")
    parser.add_argument(
        "--days",
        type=_parse_days,
        default=RETENTION_DAYS,
        help=f"after how many days a picture is deleted; the default is {RETENTION_DAYS}",
    )


def run_lifecycle_command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the rule as the AWS CLI takes it; with `--apply`, set it, and print all rules of the bucket.

    Return the exit code: 0, printed or set; 1, S3 refused; 2, PICTURES_URL is not set.
    """
    storage = create_picture_storage(settings)
    try:
        bucket = storage.open_own_bucket()
        if bucket is None:
            sys.stderr.write("PICTURES_URL is not set. Set it to the address of the bucket.\n")
            return 2
        rules = [build_rule(bucket.address.prefix, arguments.days)]
        if arguments.apply:
            rules = replace_rule(bucket.load_lifecycle_rules(), rules[0])
            bucket.save_lifecycle_rules(rules)
    except PictureStorageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        storage.close()
    sys.stdout.write(json.dumps({"Rules": rules}, indent=2, default=str) + "\n")
    return 0


def _parse_days(text: str) -> int:
    least = compute_least_days()
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"jobs may need a picture for {least} days. Write a number that is not lower")
    return int(text)

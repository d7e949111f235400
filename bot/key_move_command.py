"""`python -m bot move-keys`: moves the keys of a stopped installation to another prefix, for the operator."""

# ruff: noqa: T201 - the answers of a command line

import argparse
import sys

from bot.domain.errors import QueueUnavailableError
from bot.queue.connection import connect_to_redis
from bot.queue.key_mover import KeyMover, KeysInUseError
from bot.settings import Settings
from shared.queue.keys import KeyNames, parse_key_prefix

EXIT_FAILED = 1
EXIT_USAGE = 2


def add_move_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two prefixes."""
    parser.add_argument("--from", dest="source", required=True, metavar="PREFIX", help="the prefix until now")
    parser.add_argument("--to", dest="target", required=True, metavar="PREFIX", help="the new one, as {pentimento}:")


async def run_key_move(settings: Settings, arguments: argparse.Namespace) -> int:
    """Move the keys, say how many there were, and return the exit code."""
    try:
        source, target = _read_prefixes(arguments)
    except ValueError as error:
        print(f"The keys cannot be moved: {error}.", file=sys.stderr)
        return EXIT_USAGE
    redis = connect_to_redis(settings.redis_url.get_secret_value())
    try:
        count = await KeyMover(redis, source, target).move_keys()
    except (KeysInUseError, QueueUnavailableError) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    finally:
        await redis.aclose()
    print(f"{count} keys were moved. Set REDIS_KEY_PREFIX={target.prefix} for the bot and all workers, and start them.")
    return 0


def _read_prefixes(arguments: argparse.Namespace) -> tuple[KeyNames, KeyNames]:
    """Read the two prefixes. Raises `ValueError` unless each key belongs to one of them at most."""
    source, target = (KeyNames(parse_key_prefix(text)) for text in (arguments.source, arguments.target))
    if source.prefix.startswith(target.prefix) or target.prefix.startswith(source.prefix):
        raise ValueError("one of the prefixes begins with the other. Name one that does not")
    return source, target

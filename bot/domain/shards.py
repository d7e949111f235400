"""The shards of the gateway that a process runs, as SHARDS writes them: `0-3/8` or `0,1,2,3/8`.

Discord sends the events of a server on one of its shards only, and direct messages on the first.
https://discord.com/developers/docs/events/gateway#sharding
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_SHARDS: Final = 10_000


@dataclass(frozen=True)
class Shards:
    """The ids of the shards of one process, in ascending order, and how many there are over all processes."""

    ids: tuple[int, ...]
    count: int


def parse_shards(text: str) -> Shards:
    """Read the shards of a process. Raises `ValueError`, which says in two sentences what is wrong."""
    ranges, slash, count_text = text.replace(" ", "").partition("/")
    try:
        ids = sorted(shard_id for part in ranges.split(",") for shard_id in _read_range(part))
        count = _read_number(count_text)
    except ValueError:
        slash = ""
    if not slash:
        raise ValueError(
            "it does not name shards. Write those of this process, a slash, and how many there are in all, as in 0-3/8"
        )
    if ids[-1] >= count:
        raise ValueError(f"there is no shard {ids[-1]} of {count}. Shards are counted from 0 to {count - 1}")
    if len(set(ids)) != len(ids):
        raise ValueError("it names a shard twice. Name each shard of this process once")
    return Shards(tuple(ids), count)


def find_shard(guild_id: int, count: int) -> int:
    """Find the shard of a server."""
    return (guild_id >> 22) % count


def _read_range(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    start, end = _read_number(first), _read_number(last or first)
    if start > end:
        raise ValueError("it ends before it starts")
    yield from range(start, end + 1)


def _read_number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) > MAX_SHARDS:
        raise ValueError("it is no number of a shard")
    return int(text)

"""Reading streams of Redis."""

from typing import Any

from bot.queue.connection import QueueRedis

Entry = tuple[bytes, dict[bytes, bytes]]
"""The id of an entry, and its fields."""


async def read_stream(redis: QueueRedis, name: str, after: str, *, count: int, block_ms: int | None) -> list[Entry]:
    """Read the entries of a stream behind an id, oldest first, and wait for the first of them if `block_ms` says so.

    Raises `redis.RedisError`.
    """
    reply: Any = await redis.xread({name: after}, count=count, block=block_ms)
    streams = reply.values() if isinstance(reply, dict) else (entries for _, entries in reply or [])
    return [row for entries in streams for row in _flatten_entries(entries)]


def _flatten_entries(entries: Any) -> list[Any]:
    """Flatten the entries of RESP3, which nests them once more than RESP2."""
    return entries[0] if entries and isinstance(entries[0], list) else entries

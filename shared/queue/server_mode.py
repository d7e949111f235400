"""Which kinds of Redis servers can hold the queue at all, by the section `server` of their reply to INFO.

https://redis.io/docs/latest/commands/info/
"""

from collections.abc import Mapping
from typing import Any

from shared.errors import PentimentoError
from shared.queue.keys import KeyNames


class UnsupportedServerError(PentimentoError):
    """The server in REDIS_URL cannot hold the queue, and waiting changes nothing."""


def require_suitable_mode(info: Mapping[str, Any], names: KeyNames) -> None:
    """Check that a server may hold keys of these names. Raises `UnsupportedServerError`."""
    problem = find_mode_problem(info, names)
    if problem:
        raise UnsupportedServerError(" ".join(problem))


def find_mode_problem(info: Mapping[str, Any], names: KeyNames) -> tuple[str, str] | None:
    """Find why a server cannot hold keys of these names, and what to do about it; None if it can."""
    mode = info.get("server_mode") or info.get("redis_mode")  # Valkey's name and Redis's
    if mode == "cluster" and "{" not in names.prefix:  # a hash tag, which puts all keys into one slot
        return (
            f"This is a cluster, and the keys behind {names.prefix} would lie in many of its slots.",
            f"Set REDIS_KEY_PREFIX to {{{names.prefix.rstrip(':') or 'pentimento'}}}:, or use a single server.",
        )
    if mode == "sentinel":
        return (
            "This is a Sentinel, which holds no data.",
            "Begin REDIS_URL with sentinel:// and add ?service= with the name of what it monitors.",
        )
    return None

"""What a Redis server must be like to hold the queue, judged by its reply to INFO.

https://redis.io/docs/latest/commands/info/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.stored_format import UnsupportedFormatError, choose_format

OLDEST_VERSION: Final = (6, 2)
CHECK_TTL_MS: Final = 60_000
"""How long the key of a check stays if the check is interrupted."""

FULL_RATIO: Final = 0.9
_BYTES_PER_MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class ServerReport:
    """A line about the server, and its faults: errors keep the queue from working, warnings endanger it."""

    summary: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


NOT_READ_AGAIN: Final = ServerReport(
    "", errors=("A key could not be read again. Find what else writes to this Redis.",)
)


def assess_server(info: Mapping[str, Any], max_memory_ratio: float = FULL_RATIO) -> ServerReport:
    """Assess a server by its INFO. Above this share of its maxmemory it counts as full."""
    return ServerReport(_summarize(info), tuple(_find_errors(info)), tuple(_find_warnings(info, max_memory_ratio)))


def find_format_error(stored: bytes | None) -> str | None:
    """Return why this release cannot read what is stored, by the value of the key for its format; None if it can."""
    try:
        choose_format(None if stored is None else stored.decode(errors="replace"), "Redis")
    except UnsupportedFormatError as error:
        return str(error)
    return None


def _summarize(info: Mapping[str, Any]) -> str:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    of_limit = f"of {limit // _BYTES_PER_MIB} MiB" if limit else "without a limit"
    return ", ".join(
        (
            f"version {info.get('valkey_version') or info.get('redis_version', '?')}",
            str(info.get("role", "?")),
            str(info.get("maxmemory_policy", "?")),
            "append-only file" if info.get("aof_enabled") else "no append-only file",
            f"{used // _BYTES_PER_MIB} MiB used {of_limit}",
        )
    )


def _find_errors(info: Mapping[str, Any]) -> Iterator[str]:
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers and numbers < OLDEST_VERSION:
        yield f"Redis {version} is too old. Install 6.2 or later."
    if info.get("role", "master") != "master":
        yield "This is a replica, which takes no writes. Let REDIS_URL name the primary."
    if str(info.get("redis_mode", "standalone")) == "cluster":
        yield "This is a cluster, in which the scripts cannot work. Use a single server."
    if str(info.get("maxmemory_policy", "noeviction")) != "noeviction":
        yield "Redis deletes jobs when its memory is full. Set maxmemory-policy to noeviction."
    if info.get("aof_last_write_status", "ok") != "ok" or info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield "Redis cannot save its data. Make room on its disk, or repair what its log names."


def _find_warnings(info: Mapping[str, Any], max_memory_ratio: float) -> Iterator[str]:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if not info.get("aof_enabled", 1):
        yield "What waits is lost when Redis restarts. Set appendonly to yes."
    if not limit:
        yield "Redis may use all memory of its machine. Set maxmemory."
    elif used > limit * max_memory_ratio:
        yield "Redis is nearly full, and requests are rejected. Raise maxmemory, or wait until images are delivered."

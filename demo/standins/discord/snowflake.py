"""Snowflakes: Discord's ids, which contain their creation time.

https://discord.com/developers/docs/reference#snowflakes
"""

import datetime as dt
from collections.abc import Callable

EPOCH_MS = 1_420_070_400_000


class SnowflakeGenerator:
    """Generates unique, increasing ids from a clock (seconds since 1970)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last = 0

    def generate_id(self) -> str:
        """Return the next id; ids of the same millisecond differ in their last 22 bits."""
        self._last = max(self._last + 1, int(self._now() * 1000 - EPOCH_MS) << 22)
        return str(self._last)


def snowflake_time(snowflake: str) -> float:
    """Return the creation time of an id, in seconds since 1970."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000


def format_timestamp(seconds: float) -> str:
    """Format a time like Discord's timestamps (ISO 8601, microseconds, +00:00)."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="microseconds")


def is_snowflake(value: object) -> bool:
    """Tell whether a value can be an id: digits that fit into 64 bits."""
    return (
        isinstance(value, str | int) and not isinstance(value, bool) and str(value).isdigit() and int(value) < 1 << 64
    )

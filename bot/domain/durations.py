"""Durations as people write them: `30m`, `1h30`, `2 days`."""

import re
from typing import Final

_UNITS: Final = (
    (60, r"m|mins?|minutes?"),
    (3600, r"h|hrs?|hours?|heures?"),
    (86400, r"d|days?|j|jours?"),
    (7 * 86400, r"w|weeks?|sem|semaines?"),
)
_PART: Final = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>[a-z]*)\s*", re.ASCII)


def parse_duration(text: str) -> int | None:
    """Parse a duration into seconds; None if it is none.

    Parts are added: `1d 12h`. A number without a unit is minutes, also after hours: `1h30`. Units may be French.
    """
    rest, seconds = text.strip().lower(), 0
    if not rest:
        return None
    while rest:
        match = _PART.match(rest)
        size = match and _find_unit(match["unit"])
        if match is None or not size:
            return None
        seconds += int(match["count"]) * size
        rest = rest[match.end() :]
    return seconds


def split_duration(seconds: int) -> dict[str, int]:
    """Split a duration into its days, hours and minutes, without those that are 0; seconds are rounded up."""
    minutes = -(-seconds // 60)
    parts = {"days": minutes // 1440, "hours": minutes % 1440 // 60, "minutes": minutes % 60}
    return {unit: count for unit, count in parts.items() if count} or {"minutes": 0}


def _find_unit(name: str) -> int | None:
    return next((size for size, pattern in _UNITS if re.fullmatch(pattern, name or "m")), None)

"""Time zones: the common ones to choose from, and the one that a person typed.

https://www.iana.org/time-zones
"""

import difflib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.domain.text_folding import fold_text
from bot.rendering.markdown import flatten_text, truncate_text
from shared.problems import RejectedError, make_problem

UTC: Final = "UTC"
COMMON_ZONES: Final = (
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    UTC,
    "Europe/London",
    "Africa/Lagos",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Madrid",
    "Africa/Johannesburg",
    "Europe/Kyiv",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)
"""From west to east; a select has room for one more."""

_EXAMPLES: Final = ("Europe/Paris", "America/New_York", "Asia/Tokyo")
_MAX_SUGGESTIONS: Final = 3
_SIMILARITY: Final = 0.8
_VALUE_LIMIT: Final = 60


def find_time_zone(text: str) -> str:
    """Find a zone by its name, however it is spelled.

    Raises `RejectedError` (time_zone_unknown) with the zones that may have been meant.
    """
    folded = fold_text(text)
    name = _list_folded_zones().get(folded)
    if name is None:
        suggestions = ", ".join(_suggest_zones(folded) or _EXAMPLES)
        value = truncate_text(flatten_text(text), _VALUE_LIMIT)
        raise RejectedError(make_problem("time_zone_unknown", value=value, zones=suggestions))
    return name


def format_zone(name: str, now: datetime) -> str:
    """Format a zone with its present difference to UTC: `Europe/Paris (UTC+02:00)`.

    One that only another host knows has its name alone.
    """
    try:
        offset = f"{now.astimezone(ZoneInfo(name)):%z}"
    except (ZoneInfoNotFoundError, ValueError):
        return name
    return name if name == UTC else f"{name} (UTC{offset[:3]}:{offset[3:5]})"


@cache
def _list_folded_zones() -> dict[str, str]:
    """List all zones by their folded names; of several spellings of one, the name with a place comes first."""
    names = sorted(available_timezones(), key=lambda name: ("/" not in name, name), reverse=True)
    return {fold_text(name): name for name in names}


def _suggest_zones(folded: str) -> Sequence[str]:
    """Suggest the places that the text names, whose names contain it, or that are spelled like it."""
    cities = {fold_text(name.rpartition("/")[2]).strip(): name for name in sorted(_list_places(), reverse=True)}
    text, words = folded.strip(), folded.split()
    found = [cities[part] for part in (text, *words) if part in cities]
    found += [name for name in _list_places() if text and text in fold_text(name)]
    for part in (text, *words[-1:]):
        found += [cities[city] for city in difflib.get_close_matches(part, cities, _MAX_SUGGESTIONS, _SIMILARITY)]
    return list(dict.fromkeys(found))[:_MAX_SUGGESTIONS]


def _list_places() -> Sequence[str]:
    return [name for name in _list_folded_zones().values() if "/" in name and not name.startswith("Etc/")]

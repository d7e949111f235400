"""Changes of teams as the audit log stores them."""

from collections.abc import Mapping
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter
from sqlalchemy import Row

from bot.domain.teams import TEAM_SETTINGS, Team, TeamChange

_HINTS: Final = get_type_hints(Team)
_ADAPTERS: Final[Mapping[str, TypeAdapter[Any]]] = {name: TypeAdapter(_HINTS[name]) for name in TEAM_SETTINGS}
_SETTINGS_ADAPTER: Final = TypeAdapter(dict[str, Any] | None)


def format_team_settings(settings: Mapping[str, Any] | None) -> Any:
    """Format settings of a team for the audit log, which writes them as JSON."""
    if settings is None:
        return None
    return {name: _ADAPTERS[name].dump_python(value, mode="json") for name, value in settings.items()}


def parse_team_change(row: Row[Any]) -> TeamChange | None:
    """Parse the change of a team in a row of the audit log; None if it has none that this release knows."""
    if row.setting != "team" or row.old_value is None or row.new_value is None:
        return None
    try:
        old, new = (_parse_settings(text) for text in (row.old_value, row.new_value))
    except ValueError:
        return None
    return TeamChange(row.id, row.target_id, old, new)


def _parse_settings(text: str) -> dict[str, Any] | None:
    settings = _SETTINGS_ADAPTER.validate_json(text)
    if settings is None:
        return None
    if not set(settings) <= set(_ADAPTERS):
        raise ValueError("a setting of another release")
    return {name: _ADAPTERS[name].validate_python(value) for name, value in settings.items()}

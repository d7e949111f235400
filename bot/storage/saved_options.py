"""Options and choices that were saved in a preset, in preferences or in settings, perhaps by another release."""

import json
import logging
from enum import StrEnum
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from shared.request.model import OPTION_NAMES, Request
from shared.unreadable import UnreadableRowLog

_Choice = TypeVar("_Choice", bound=StrEnum)
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))
_TEXT_NAMES: Final = ("model", "negative")
_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    "count": TypeAdapter(int),
    **{name: TypeAdapter(str) for name in _TEXT_NAMES},
    **{name: TypeAdapter(Request.model_fields[name].annotation or str) for name in OPTION_NAMES},
}


def parse_saved_options(row: str, text: str) -> dict[str, Any]:
    """Parse the options of a row, such as "the preset abc", without those that this release does not know."""
    try:
        saved = json.loads(text).items()
        return {name: value for name, value in saved if name in _ADAPTERS and _is_valid(_ADAPTERS[name], value)}
    except (ValueError, AttributeError) as error:
        _unreadable_rows.report(row, error)
        return {}


def parse_saved_choice(row: str, value: str | None, default: _Choice, *, unknown: _Choice) -> _Choice:
    """Parse the choice in a column of a row; `unknown` for one that this release does not know."""
    if value is None:
        return default
    try:
        return type(default)(value)
    except ValueError as error:
        _unreadable_rows.report(row, error)
        return unknown


def _is_valid(adapter: TypeAdapter[Any], value: Any) -> bool:
    try:
        adapter.validate_python(value)
    except ValueError:
        return False
    return True

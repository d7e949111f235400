"""The `extras` of a request: a small JSON object that is passed on to the model as it is."""

import json
import math
from typing import Any, Final, NoReturn

from pydantic import JsonValue

from shared.problems import RejectedError, make_problem
from shared.prompts import replace_surrogates

EXTRAS_MAX_LENGTH: Final = 2000  # characters
EXTRAS_MAX_DEPTH: Final = 32  # far below the 200 levels or so at which JSON parsers give up: it is parsed again later
_DETAIL_LENGTH: Final = 100


def parse_extras(text: str) -> dict[str, JsonValue]:
    """Parse a JSON object of at most `EXTRAS_MAX_LENGTH` characters and `EXTRAS_MAX_DEPTH` levels.

    Raises `RejectedError`, also for NaN, infinities, and text that UTF-8 cannot encode.
    """
    if len(text) > EXTRAS_MAX_LENGTH:
        raise RejectedError(make_problem("extras_too_large", length=len(text), limit=EXTRAS_MAX_LENGTH))
    try:
        value = json.loads(text, parse_constant=_reject_constant, parse_float=_parse_finite_float)
        depth = _measure_depth(value)
    except (ValueError, RecursionError) as error:
        raise RejectedError(make_problem("extras_not_object", detail=str(error)[:_DETAIL_LENGTH])) from error
    if not isinstance(value, dict):
        raise RejectedError(make_problem("extras_not_object", detail=f"it is of type {type(value).__name__}"))
    if depth > EXTRAS_MAX_DEPTH:
        raise RejectedError(make_problem("extras_too_deep", depth=depth, limit=EXTRAS_MAX_DEPTH))
    encoded = json.dumps(value, ensure_ascii=False)
    if replace_surrogates(encoded) != encoded:
        raise RejectedError(make_problem("extras_not_object", detail="it holds half a character"))
    return value


def _reject_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _parse_finite_float(digits: str) -> float:
    return float(digits) if math.isfinite(float(digits)) else _reject_constant(digits)


def _measure_depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(_measure_depth, parts), default=0)

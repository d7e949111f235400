"""Midjourney's parameters: `--ar 16:9 --no hands`. Phones turn the two hyphens into a dash: `—ar 16:9`.

https://docs.midjourney.com/hc/en-us/articles/32859204029709-Parameter-List
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.foreign_syntax.spans import Span, mask_literals
from shared.problems import Problem, make_problem
from shared.request.model import MAX_COUNT
from shared.typed_text import parse_number

QUOTED_LENGTH: Final = 60

_END: Final = r"(?!\w|[.,:][0-9])"
_NUMBER: Final = rf"[0-9]{{0,20}}[.,]?[0-9]+{_END}"
_RATIO: Final = rf"[0-9]{{1,5}}(?:[.,][0-9]{{1,3}})?\s?[:/x×]\s?[0-9]{{1,5}}(?:[.,][0-9]{{1,3}})?{_END}"
_CODE: Final = r"[\w-]*[0-9](?:[\w.-]*\w)?"
_REFERENCE: Final = r"(?:<?https?://\S+|random\b|[\w-]*[0-9][\w-]*)(?:::[0-9.]+)?"
_NO_VALUE: Final = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter under all its names. `pattern` is the one of its value.

    It fills the option `field`, or has no equal here. The problem `code` explains that, or a value that is not valid.
    """

    names: tuple[str, ...]
    pattern: str = _NO_VALUE
    field: str | None = None
    code: str = "parameter_value"
    takes_words: bool = False
    is_value_optional: bool = False


PARAMETERS: Final = (
    Parameter(("ar", "aspect"), _RATIO, field="aspect_ratio"),
    Parameter(("no",), field="negative", takes_words=True),
    Parameter(("seed",), _NUMBER, field="seed"),
    Parameter(("iw",), _NUMBER, field="keep"),
    Parameter(("repeat", "r"), _NUMBER, field="count", code="parameter_count"),
    Parameter(("stylize", "s", "exp"), _NUMBER, code="parameter_style"),
    Parameter(("style",), r"[\w-]+", code="parameter_style"),
    Parameter(("raw",), code="parameter_style"),
    Parameter(("profile", "p"), _CODE, code="parameter_style", is_value_optional=True),
    Parameter(("chaos", "c", "weird", "w"), _NUMBER, code="parameter_variety"),
    Parameter(("version", "v", "niji"), _CODE, code="parameter_model", is_value_optional=True),
    Parameter(("quality", "q", "hd"), _NUMBER, code="parameter_quality", is_value_optional=True),
    Parameter(("sref", "cref", "oref"), _REFERENCE, code="parameter_reference", is_value_optional=True),
    Parameter(("sw", "sv", "cw", "ow"), _NUMBER, code="parameter_reference"),
    Parameter(("tile",), code="parameter_tile"),
    Parameter(("stop",), _NUMBER, code="parameter_stop"),
    Parameter(("fast", "relax", "turbo", "draft"), code="parameter_speed"),
    Parameter(("video", "loop"), code="parameter_video"),
    Parameter(("motion",), r"[\w-]+", code="parameter_video"),
    Parameter(("stealth", "public"), code="parameter_privacy"),
)
"""Every parameter that is known, as the guide lists them."""

_BY_NAME: Final = {name: parameter for parameter in PARAMETERS for name in parameter.names}
_START: Final = re.compile(r"(?:(?<=\s)|^)(--|[—–]{1,2})([^\W\d_]+(?:-[^\W\d_]+)*)")
_SEPARATOR: Final = re.compile(r"\s*=?\s*")
_UNKNOWN_VALUE: Final = re.compile(r"\s*=?\s*([0-9][0-9.,:]*[0-9]|[0-9])(?=[\s,;]|$)")
_WORD: Final = re.compile(r"\s*=?\s*(\S+)")


@dataclass(frozen=True)
class FoundParameter:
    """A parameter in a prompt: its span, and the option that it fills or the problem that it has."""

    span: Span
    text: str
    field: str = ""
    value: str = ""
    problem: Problem | None = None


def find_parameters(text: str) -> list[FoundParameter]:
    """Find the parameters outside of quotations, in order."""
    masked = mask_literals(text)
    starts = [start for start in _START.finditer(masked) if start[1] == "--" or start[2].lower() in _BY_NAME]
    ends = (*(start.start() for start in starts[1:]), len(text))
    return [
        found
        for start, end in zip(starts, ends, strict=False)
        if (found := _read_parameter(text, masked, start, end)) is not None
    ]


def convert_image_weight(weight: float) -> float | None:
    """Convert an image weight from 0 to 3 to the percentage that `keep` preserves, None for any other.

    Midjourney's default of 1 becomes the default of 35, 3 becomes 90: above that, the prompt has almost no effect.
    https://docs.midjourney.com/hc/en-us/articles/32040250122381-Image-Prompts
    """
    if not 0 <= weight <= _MAX_IMAGE_WEIGHT:
        return None
    return float(round(_DEFAULT_KEEP * min(weight, 1) + _KEEP_PER_WEIGHT * max(weight - 1, 0)))


_MAX_IMAGE_WEIGHT: Final = 3
_DEFAULT_KEEP: Final = 35
_KEEP_PER_WEIGHT: Final = 27.5


def _read_parameter(text: str, masked: str, start: re.Match[str], end: int) -> FoundParameter | None:
    """Read the parameter that starts here, whose value ends before `end`. None for a dash between words."""
    parameter = _BY_NAME.get(start[2].lower())
    if parameter is None:
        value_end = _find_end(_UNKNOWN_VALUE, masked, start.end(), end)
        return _build_found(text, start, value_end, code="parameter_unknown")
    found_end = _find_value_end(parameter, masked, _find_end(_SEPARATOR, masked, start.end(), end), end)
    if start[1] != "--" and not _is_clear(parameter, masked[start.end() : end], found_end, start.end()):
        return None
    if found_end is None:
        return _build_found(text, start, _find_end(_WORD, masked, start.end(), end), code="parameter_value")
    return _build_found(text, start, found_end or start.end(), field=parameter.field, code=parameter.code)


def _find_value_end(parameter: Parameter, masked: str, position: int, end: int) -> int | None:
    """Find the end of a value, of several references that of the last one; 0 if there is none and none is needed."""
    if parameter.takes_words:
        words = masked[position:end].rstrip()
        return position + len(words) if words else None
    found = re.compile(parameter.pattern).match(masked, position, end) if parameter.pattern else None
    if found is None:
        return None if parameter.pattern and not parameter.is_value_optional else 0
    if parameter.pattern == _REFERENCE:
        while following := re.compile(rf"\s+{_REFERENCE}").match(masked, found.end(), end):
            found = following
    return found.end()


def _is_clear(parameter: Parameter, rest: str, found_end: int | None, position: int) -> bool:
    """Return whether a dash with a known name is a parameter, and not one between words as in `—no hat— walking`."""
    if found_end is None:
        return False
    if parameter.takes_words:
        return not re.search("[—–]", rest)
    return found_end > position or not rest.strip()


def _find_end(pattern: re.Pattern[str], masked: str, position: int, end: int) -> int:
    found = pattern.match(masked, position, end)
    return found.end() if found else position


def _build_found(text: str, start: re.Match[str], end: int, *, code: str, field: str | None = None) -> FoundParameter:
    value = text[start.end() : end].strip().removeprefix("=").strip()
    shown = f"--{start[2]} {value}".strip()[:QUOTED_LENGTH]
    span = (start.start(), end)
    converted = None if field is None else _convert_value(field, value)
    if field is None or converted is None:
        return FoundParameter(span, shown, problem=make_problem(code, parameter=shown))
    return FoundParameter(span, shown, field, converted)


def _convert_value(field: str, value: str) -> str | None:
    """Convert a value to the one of the option, None if it is not a valid one."""
    match field:
        case "aspect_ratio":
            ratio = ":".join(re.split(r"\s?[:/x×]\s?", value.replace(",", ".")))
            return ratio if all(float(side) > 0 for side in ratio.split(":")) else None
        case "keep":
            keep = convert_image_weight(parse_number(value))
            return None if keep is None else f"{keep:g}"
        case "count":
            return value if value.isdecimal() and 1 <= int(value) <= MAX_COUNT else None
        case "seed":
            return value if value.isdecimal() else None
        case _:
            return ", ".join(_split_words(value))


def _split_words(value: str) -> Iterator[str]:
    for word in value.split(","):
        if stripped := word.strip(" \t\n.;"):
            yield stripped

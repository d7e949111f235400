"""Masks in words: `top third`, `left half`, `centre`, `box 10% 20% 50% 60%`, `ellipse …`, joined, inverted, feathered.

Both languages may be mixed. Parts are joined by commas, semicolons, `+`, `and` or `et`. `invert` swaps what is changed
with what is kept; `feather 5%` softens the edge.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.problems import RejectedError, make_problem

MAX_SHAPES: Final = 12
MAX_FEATHER: Final = 20.0
"""Percent of the picture's shorter side."""
DEFAULT_FEATHER: Final = 2.0
_SHOWN_LENGTH: Final = 60


class ShapeKind(StrEnum):
    """The form of a shape within its box."""

    BOX = "box"
    ELLIPSE = "ellipse"


@dataclass(frozen=True)
class Shape:
    """A shape within the box from (`left`, `top`) to (`right`, `bottom`), in fractions (0 to 1) of the picture."""

    kind: ShapeKind
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class MaskShapes:
    """The shapes whose union is changed or, if `is_inverted`, kept.

    `feather` is the width of the soft edge, in percent of the picture's shorter side (0 to 20).
    """

    shapes: tuple[Shape, ...]
    is_inverted: bool = False
    feather: float = 0.0


_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("top", "upper", "haut", "superieur", "superieure", "au-dessus"), "top"),
        **dict.fromkeys(("bottom", "lower", "bas", "inferieur", "inferieure"), "bottom"),
        **dict.fromkeys(("left", "gauche"), "left"),
        **dict.fromkeys(("right", "droite", "droit"), "right"),
        **dict.fromkeys(("middle", "centre", "center", "milieu", "central"), "middle"),
        **dict.fromkeys(("half", "moitie"), "half"),
        **dict.fromkeys(("third", "tiers"), "third"),
        **dict.fromkeys(("quarter", "quart"), "quarter"),
        **dict.fromkeys(("corner", "coin"), "corner"),
        **dict.fromkeys(("box", "rectangle", "rect", "cadre"), "box"),
        **dict.fromkeys(("ellipse", "oval", "circle", "ovale", "cercle"), "ellipse"),
        **dict.fromkeys(("invert", "inverted", "outside", "inverser", "inverse", "dehors"), "invert"),
        **dict.fromkeys(("feather", "soft", "adoucir", "doux", "flou"), "feather"),
        **dict.fromkeys(("all", "everything", "whole", "tout", "entier"), "all"),
    }
)
_FILLERS: Final = frozenset(
    {"the", "of", "a", "an", "side", "from", "to", "at", "picture", "image", "le", "la", "les", "de", "du", "des", "en"}
    | {"l", "d", "un", "une", "cote", "au", "a", "in"}
)
_SEPARATOR: Final = re.compile(r"\s*(?:[;+&]|,(?!\s*\d)|(?<!\w)(?:and|et|then|puis)(?!\w))\s*")
_TOKEN: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*%?|[a-z][a-z-]*|\S")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_SIZES: Final[Mapping[str, float]] = MappingProxyType({"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4})
_BOX_NUMBERS: Final = 4


def parse_mask_shapes(text: str) -> MaskShapes:
    """Parse a mask in words. Numbers of a box or an ellipse are left, top, right and bottom, in percent of the picture.

    Raises `RejectedError` (mask_words_unknown, mask_numbers, mask_out_of_range, mask_too_many_shapes).
    """
    shapes: list[Shape] = []
    is_inverted, feather = False, 0.0
    parts = [part for part in _SEPARATOR.split(_fold(text)) if part]
    if not parts:
        raise _make_unknown_error(text)
    for part in parts:
        words, numbers = _read_tokens(part)
        if "invert" in words:
            is_inverted = not is_inverted
            words = [word for word in words if word != "invert"]
        if "feather" in words:
            feather, numbers = _take_feather(words, numbers)
            words = [word for word in words if word != "feather"]
        if words or numbers:
            shapes.append(_build_shape(part, words, numbers))
    if not shapes:
        raise _make_unknown_error(text)
    if len(shapes) > MAX_SHAPES:
        raise RejectedError(make_problem("mask_too_many_shapes", count=len(shapes), limit=MAX_SHAPES))
    return MaskShapes(tuple(shapes), is_inverted, feather)


def _fold(text: str) -> str:
    """Fold case and accents, and write typographic marks plainly."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("œ", "oe"))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return plain.replace("'", " ").replace("(", " ").replace(")", " ")


def _read_tokens(part: str) -> tuple[list[str], list[float]]:
    words: list[str] = []
    numbers: list[float] = []
    for token in _TOKEN.findall(part):
        number = _NUMBER.match(token)
        if number is not None:
            numbers.append(float(number[0].replace(",", ".")))
        elif token in _WORDS:
            words.append(_WORDS[token])
        elif all(piece in _WORDS for piece in token.split("-")):
            words += [_WORDS[piece] for piece in token.split("-")]
        elif token not in _FILLERS and token not in ("%", ",", "x", "×", "-", ":"):
            raise _make_unknown_error(part)
    return words, numbers


def _take_feather(words: list[str], numbers: list[float]) -> tuple[float, list[float]]:
    """Take the width of the edge, the last number of the part unless that belongs to a box."""
    is_with_box = "box" in words or "ellipse" in words
    if not numbers or (is_with_box and len(numbers) == _BOX_NUMBERS):
        return DEFAULT_FEATHER, numbers
    *others, feather = numbers
    if not 0 <= feather <= MAX_FEATHER:
        raise RejectedError(make_problem("mask_feather", value=f"{feather:g}", limit=f"{MAX_FEATHER:g}"))
    return feather, others


def _build_shape(part: str, words: list[str], numbers: list[float]) -> Shape:
    kind = ShapeKind.ELLIPSE if "ellipse" in words else ShapeKind.BOX
    places = [word for word in words if word not in ("box", "ellipse")]
    if numbers:
        if places and places != ["middle"]:
            raise _make_unknown_error(part)
        return _build_numbered_shape(part, kind, numbers)
    if "box" in words and not places:
        raise RejectedError(make_problem("mask_numbers", text=_shorten(part), count=0))
    return _build_named_shape(part, kind, places or ["middle"])


def _build_numbered_shape(part: str, kind: ShapeKind, numbers: list[float]) -> Shape:
    if len(numbers) != _BOX_NUMBERS:
        raise RejectedError(make_problem("mask_numbers", text=_shorten(part), count=len(numbers)))
    left, top, right, bottom = (number / 100 for number in numbers)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise RejectedError(make_problem("mask_out_of_range", text=_shorten(part)))
    return Shape(kind, left, top, right, bottom)


def _build_named_shape(part: str, kind: ShapeKind, places: list[str]) -> Shape:
    """Build a shape from words: sides, perhaps with how much of the picture, a corner, the middle, or all of it."""
    if "all" in places:
        return Shape(kind, 0, 0, 1, 1)
    sides = {place for place in places if place in ("top", "bottom", "left", "right")}
    if sides >= {"top", "bottom"} or sides >= {"left", "right"}:
        raise _make_unknown_error(part)
    sizes = [_SIZES[place] for place in places if place in _SIZES]
    if len(sizes) > 1 or (not sides and "middle" not in places):
        raise _make_unknown_error(part)
    size = sizes[0] if sizes else None
    if not sides:
        half = (size or 1 / 2) / 2
        return Shape(kind, 0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half)
    middle = (1 / 3, 2 / 3) if "middle" in places else (0.0, 1.0)
    share = _choose_share(size, is_corner=len(sides) > 1, is_middle="middle" in places)
    left, right = _place("left" in sides, "right" in sides, share, middle)
    top, bottom = _place("top" in sides, "bottom" in sides, share, middle)
    return Shape(kind, left, top, right, bottom)


def _choose_share(size: float | None, *, is_corner: bool, is_middle: bool) -> float:
    """Choose which part of the width or height a shape takes; the quarter in a corner is a quarter of the picture."""
    if is_corner and size == _SIZES["quarter"]:
        return 1 / 2
    return size or (1 / 3 if is_middle else 1 / 2)


def _place(is_first: bool, is_last: bool, share: float, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Return the range in one direction: at its beginning, at its end, or neither."""
    if is_first:
        return 0.0, share
    return (1 - share, 1.0) if is_last else otherwise


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 1]}…"


def _make_unknown_error(text: str) -> RejectedError:
    return RejectedError(make_problem("mask_words_unknown", text=_shorten(text.strip())))

"""Text as people type it: the one place that decides how a number is read, and whether a text is empty.

A number may have a decimal comma, a minus sign that a phone or a word processor has made of the hyphen, full-width
digits, and spaces between groups of three digits. A text of characters that show nothing is empty.
"""

import math
import re
import unicodedata
from typing import Final

_ASCII_EQUIVALENTS: Final = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-")  # hyphens, dashes as wide as digits, minus signs
    | {chr(code): chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), 0xFF05, 0xFF0B, 0xFF0C, 0xFF0E)}
)
_GROUPED_DIGITS: Final = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?![\d \u00a0\u2009\u202f])", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE_NUMBER: Final = re.compile(r"[+-]?\d+", re.ASCII)

JOINERS: Final = "\u200c\u200d"
"""Invisible, but needed by Persian words and by emoji that show several people."""

# Characters that show nothing although their category is one of letters, marks or symbols.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt (Default_Ignorable_Code_Point)
_BLANK_CHARACTERS: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def parse_number(text: str) -> float:
    """Parse a finite number such as `62,5` or `−1.2`. Raises `ValueError`."""
    digits = _normalize_number(text)
    number = float(digits.replace(",", ".")) if _NUMBER.fullmatch(digits) else math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text[:100]!r} is no finite number")
    return number


def parse_whole_number(text: str) -> int:
    """Parse a number without decimals such as `4 294 967 294`. Raises `ValueError`."""
    digits = _normalize_number(text)
    if not _WHOLE_NUMBER.fullmatch(digits):
        raise ValueError(f"{text[:100]!r} is no whole number")
    return int(digits)


def strip_percent_sign(text: str) -> str:
    """Remove the percent sign that may follow a number."""
    return text.translate(_ASCII_EQUIVALENTS).strip().removesuffix("%")


def has_visible_text(text: str) -> bool:
    """Return whether a text shows anything: False for spaces, control characters, zero-width and blank ones."""
    return any(not (c.isspace() or is_invisible(c) or c in JOINERS or c in _BLANK_CHARACTERS) for c in text)


def is_invisible(character: str) -> bool:
    """Return whether a character is a control, half a surrogate pair, or a mark such as those of direction.

    Spaces and joiners are not: they show in the text around them.
    """
    category = unicodedata.category(character)
    if category == "Cf":  # includes the signs before Arabic numbers, which are visible
        return character not in JOINERS and unicodedata.bidirectional(character) != "AN"
    return category in {"Cc", "Cs"}


def remove_invisible(text: str) -> str:
    """Remove the characters that are invisible, line ends and tabs among them."""
    return "".join(character for character in text if not is_invisible(character))


def _normalize_number(text: str) -> str:
    digits = "".join(c for c in text.translate(_ASCII_EQUIVALENTS) if c.isspace() or not is_invisible(c)).strip()
    return _GROUPED_DIGITS.sub(lambda match: "".join(match[0].split()), digits, count=1)

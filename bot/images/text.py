"""Text in images: characters that the font can show, wrapped and shortened to the available width."""

import bisect
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import fontpkg
from PIL import Image, ImageDraw, ImageFont

_MAX_CHARACTERS: Final = 300
_ELLIPSIS: Final = "…"
_NO_BREAK_SPACE: Final = "\u00a0"
_NO_BREAK_SPACES: Final = "\u00a0\u202f"
_SPACES: Final = re.compile(" +")
_TOKEN: Final = re.compile(r"[^\W\d_]{1,12}|[0-9]{1,2}|.")
_MISSING_CHARACTER: Final = "\uffff"
_SAMPLE_FONT_SIZE: Final = 24
_SEPARATORS: Final = " ·"
"""Removed at the ends of lines."""
_REPLACEMENTS: Final = {"→": ">"}
# Pillow shapes these scripts correctly only with Raqm, which needs a library of the operating system.
_UNSUPPORTED_SCRIPTS: Final = ("DEVANAGARI ", "VEDIC ")


@lru_cache(maxsize=8)  # at most some 7 MiB
def load_font(font_size: int) -> ImageFont.FreeTypeFont:
    """Load the font of all drawings: Noto Sans, with Latin, Greek and Cyrillic letters. `font_size` is in pixels.

    It is laid out letter by letter, so that a drawing looks the same on every machine.
    """
    return ImageFont.truetype(fontpkg.path("Noto Sans"), font_size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=2048)  # at most some 20 MiB
def rasterize_word(word: str, font_size: int) -> tuple[Image.Image, tuple[int, int], int]:
    """Return a word's mask, the mask's offset from the pen on the baseline, and the pen's advance, in pixels.

    FreeType draws a word anew each time: a line of cached words takes a quarter of the time.
    """
    font = load_font(font_size)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(word, anchor="ls"))
    mask = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), word, 255, font, "ls")
    return mask, (left, top), round(font.getlength(word))


def split_words(line: str) -> list[str]:
    """Split a line into parts that recur: words, one or two digits, symbols, spaces."""
    return _TOKEN.findall(line)


@lru_cache(maxsize=2048)
def measure_width(text: str, font_size: int) -> int:
    """Measure the width of a text in pixels."""
    return sum(rasterize_word(letter, font_size)[2] for letter in text)


def strip_unsupported(text: str, fallback: str = "") -> str:
    """Remove the characters that the font cannot show, such as emoji and other scripts, and collapse spaces.

    If fewer than half of the characters remain, return `fallback` instead.
    """
    if text.isascii() and text.isprintable() and text.strip():
        return _SPACES.sub(" ", text[:_MAX_CHARACTERS]).strip()
    supported = _replace_unsupported(text)
    if supported and supported == text:
        return supported
    visible_count = sum(
        not unicodedata.category(character).startswith(("M", "Z", "C", "S")) for character in text[:_MAX_CHARACTERS]
    )
    supported_count = sum(character not in f" {_NO_BREAK_SPACE}" for character in supported)
    return supported if 2 * supported_count >= max(1, visible_count) else _replace_unsupported(fallback)


def wrap_text(text: str, font_size: int, max_width: float, max_lines: int) -> list[str]:
    """Wrap a text to lines of `max_width` pixels. Text that does not fit is replaced by an ellipsis.

    Call `strip_unsupported` on it before.
    """
    lines: list[str] = []
    words = text.split(" ") if text else []
    while words:
        count = len(words) if len(lines) == max_lines - 1 else _count_fitting_words(words, font_size, max_width)
        line = _truncate_line(" ".join(words[:count]).strip(_SEPARATORS), font_size, max_width)
        lines.append(line.replace(_NO_BREAK_SPACE, " "))
        words = words[count:]
    return lines


def _count_fitting_words(words: Sequence[str], font_size: int, max_width: float) -> int:
    """Count the first words that fit on a line, at least one."""

    def measure_first_words(count: int) -> int:
        return measure_width(" ".join(words[:count]), font_size)

    return max(1, bisect.bisect_right(range(1, len(words) + 1), max_width, key=measure_first_words))


def _truncate_line(line: str, font_size: int, max_width: float) -> str:
    if measure_width(line, font_size) <= max_width:
        return line
    length = bisect.bisect_right(
        range(1, len(line)), max_width, key=lambda count: measure_width(line[:count] + _ELLIPSIS, font_size)
    )
    return line[:length].rstrip(f"{_SEPARATORS}.") + _ELLIPSIS


def _replace_unsupported(text: str) -> str:
    """Replace unsupported characters, and any white space by single spaces; no-break spaces remain."""
    characters = "".join(map(_replace_character, unicodedata.normalize("NFC", text[:_MAX_CHARACTERS])))
    return _SPACES.sub(" ", characters).strip(f"{_SEPARATORS}{_NO_BREAK_SPACE}")


@lru_cache(maxsize=4096)
def _replace_character(character: str) -> str:
    """Return the character if the font has it, else its compatibility form (A for a full-width A), or nothing."""
    if character in _NO_BREAK_SPACES:
        return _NO_BREAK_SPACE
    if character.isspace():
        return " "
    if _has_glyph(character):
        return character
    replacement = _REPLACEMENTS.get(character, unicodedata.normalize("NFKC", character))
    return "".join(" " if part.isspace() else part for part in replacement if part.isspace() or _has_glyph(part))


def _has_glyph(character: str) -> bool:
    """Tell whether the font can draw a character: no missing-glyph box, control character or separate accent."""
    if unicodedata.category(character)[0] in "MC" or unicodedata.name(character, "").startswith(_UNSUPPORTED_SCRIPTS):
        return False
    glyph, missing_glyph = (rasterize_word(sample, _SAMPLE_FONT_SIZE)[0] for sample in (character, _MISSING_CHARACTER))
    return (glyph.size, glyph.tobytes()) != (missing_glyph.size, missing_glyph.tobytes())

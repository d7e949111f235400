"""Text in a picture: only what the font can show, in as many lines of as many pixels as there is room for."""

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
_REPLACEMENTS: Final = {"→": ">"}
# Without Pillow's Raqm, which needs a library of the machine, the signs of these would stand in the wrong order.
_UNSUPPORTED_SCRIPTS: Final = ("DEVANAGARI ", "VEDIC ")


@lru_cache(maxsize=8)  # at most some 7 MiB
def load_font(font_size: int) -> ImageFont.FreeTypeFont:
    """The one font of all drawings, `size` in pixels: Noto Sans, for Latin, Greek and Cyrillic letters.

    Laid out letter by letter, so that a drawing is the same on every machine.
    """
    return ImageFont.truetype(fontpkg.path("Noto Sans"), font_size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=2048)  # at most some 20 MiB
def rasterize_word(word: str, font_size: int) -> tuple[Image.Image, tuple[int, int], int]:
    """A word's mask, where it lies seen from the pen on the baseline, and how far the pen goes on, in pixels.

    Kept, because FreeType draws it anew each time: lines of kept pieces take a quarter of the time.
    """
    font = load_font(font_size)
    left, top, right, low = (int(edge) for edge in font.getbbox(word, anchor="ls"))
    mask = Image.new("L", (max(1, right - left), max(1, low - top)))
    ImageDraw.Draw(mask).text((-left, -top), word, 255, font, "ls")
    return mask, (left, top), round(font.getlength(word))


def split_words(line: str) -> list[str]:
    """Take a line apart into what recurs: words, one or two digits, signs, spaces."""
    return _TOKEN.findall(line)


@lru_cache(maxsize=2048)
def measure_width(text: str, font_size: int) -> int:
    """Tell how many pixels a text is long."""
    return sum(rasterize_word(letter, font_size)[2] for letter in text)


def strip_unsupported(text: str, fallback: str = "") -> str:
    """Leave out what the font cannot show: emoji, other scripts. Spaces become single ones.

    When less than half of the letters would remain, `plain` is taken instead.
    """
    if text.isascii() and text.isprintable() and text.strip():
        return _SPACES.sub(" ", text[:_MAX_CHARACTERS]).strip()
    kept = _replace_unsupported(text)
    if kept and kept == text:
        return kept
    letters = sum(
        not unicodedata.category(letter).startswith(("M", "Z", "C", "S")) for letter in text[:_MAX_CHARACTERS]
    )
    return (
        kept
        if 2 * sum(letter not in " \u00a0" for letter in kept) >= max(1, letters)
        else _replace_unsupported(fallback)
    )


def wrap_text(text: str, font_size: int, max_width: float, max_lines: int) -> list[str]:
    """Break a `shown` text into at most `lines` lines of `width` pixels; an ellipsis stands where it was cut."""
    found: list[str] = []
    words = text.split(" ") if text else []
    while words:
        taken = len(words)
        if len(found) < max_lines - 1 and measure_width(" ".join(words), font_size) > max_width:
            taken = max(
                1,
                bisect.bisect_right(
                    range(1, taken), max_width, key=lambda count: _measure_first_words(words, count, font_size)
                ),
            )
        found.append(
            _truncate_line(" ".join(words[:taken]).strip(" ·"), font_size, max_width).replace(_NO_BREAK_SPACE, " ")
        )
        words = words[taken:]
    return found


def _measure_first_words(words: Sequence[str], count: int, font_size: int) -> int:
    return measure_width(" ".join(words[:count]), font_size)


def _truncate_line(line: str, font_size: int, max_width: float) -> str:
    if measure_width(line, font_size) <= max_width:
        return line
    most = bisect.bisect_right(
        range(1, len(line)), max_width, key=lambda count: measure_width(line[:count] + _ELLIPSIS, font_size)
    )
    return line[:most].rstrip(" ·.") + _ELLIPSIS


def _replace_unsupported(text: str) -> str:
    """Spaces, tabs and ends of lines become single spaces; a space that holds words together stays one."""
    letters = "".join(map(_replace_character, unicodedata.normalize("NFC", text[:_MAX_CHARACTERS])))
    return _SPACES.sub(" ", letters).strip(f" ·{_NO_BREAK_SPACE}")


@lru_cache(maxsize=4096)
def _replace_character(character: str) -> str:
    """The letter, if the font has it, else what of its plain form the font has: of a full-width A the usual one."""
    if character in _NO_BREAK_SPACES:
        return _NO_BREAK_SPACE
    known = (
        character if _has_glyph(character) else _REPLACEMENTS.get(character, unicodedata.normalize("NFKC", character))
    )
    return "".join(" " if one.isspace() else one for one in known if one.isspace() or _has_glyph(one))


def _has_glyph(character: str) -> bool:
    """Tell whether the font draws it rightly: no box, no invisible sign, no accent that stands beside its letter."""
    if unicodedata.category(character)[0] in "MC" or unicodedata.name(character, "").startswith(_UNSUPPORTED_SCRIPTS):
        return False
    mask, box = (rasterize_word(one, 24)[0] for one in (character, _MISSING_CHARACTER))
    return (mask.size, mask.tobytes()) != (box.size, box.tobytes())

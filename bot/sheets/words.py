"""Text in a picture: only what the font can show, in as many lines of as many pixels as there is room for."""

import bisect
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import fontpkg
from PIL import Image, ImageDraw, ImageFont

_LONGEST: Final = 300
_ELLIPSIS: Final = "…"
_NO_BREAK: Final = "\u00a0"
_NO_BREAKS: Final = "\u00a0\u202f"
_SPACES: Final = re.compile(" +")
_PIECE: Final = re.compile(r"[^\W\d_]{1,12}|[0-9]{1,2}|.")
_NO_CHARACTER: Final = "\uffff"
_SHOWN_AS: Final = {"→": ">"}
# Without Pillow's Raqm, which needs a library of the machine, the signs of these would stand in the wrong order.
_JOINED: Final = ("DEVANAGARI ", "VEDIC ")


@lru_cache(maxsize=8)  # at most some 7 MiB
def face(size: int) -> ImageFont.FreeTypeFont:
    """The one font of all drawings, `size` in pixels: Noto Sans, for Latin, Greek and Cyrillic letters.

    Laid out letter by letter, so that a drawing is the same on every machine.
    """
    return ImageFont.truetype(fontpkg.path("Noto Sans"), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=2048)  # at most some 20 MiB
def drawn(piece: str, size: int) -> tuple[Image.Image, tuple[int, int], int]:
    """A word's mask, where it lies seen from the pen on the baseline, and how far the pen goes on, in pixels.

    Kept, because FreeType draws it anew each time: lines of kept pieces take a quarter of the time.
    """
    font = face(size)
    left, top, right, low = (int(edge) for edge in font.getbbox(piece, anchor="ls"))
    mask = Image.new("L", (max(1, right - left), max(1, low - top)))
    ImageDraw.Draw(mask).text((-left, -top), piece, 255, font, "ls")
    return mask, (left, top), round(font.getlength(piece))


def pieces(line: str) -> list[str]:
    """Take a line apart into what recurs: words, one or two digits, signs, spaces."""
    return _PIECE.findall(line)


@lru_cache(maxsize=2048)
def length(text: str, size: int) -> int:
    """Tell how many pixels a text is long."""
    return sum(drawn(letter, size)[2] for letter in text)


def shown(text: str, plain: str = "") -> str:
    """Leave out what the font cannot show: emoji, other scripts. Spaces become single ones.

    When less than half of the letters would remain, `plain` is taken instead.
    """
    if text.isascii() and text.isprintable() and text.strip():
        return _SPACES.sub(" ", text[:_LONGEST]).strip()
    kept = _shown(text)
    if kept and kept == text:
        return kept
    letters = sum(not unicodedata.category(letter).startswith(("M", "Z", "C", "S")) for letter in text[:_LONGEST])
    return kept if 2 * sum(letter not in " \u00a0" for letter in kept) >= max(1, letters) else _shown(plain)


def wrapped(text: str, size: int, width: float, lines: int) -> list[str]:
    """Break a `shown` text into at most `lines` lines of `width` pixels; an ellipsis stands where it was cut."""
    found: list[str] = []
    words = text.split(" ") if text else []
    while words:
        taken = len(words)
        if len(found) < lines - 1 and length(" ".join(words), size) > width:
            taken = max(1, bisect.bisect_right(range(1, taken), width, key=lambda count: _until(words, count, size)))
        found.append(_cut(" ".join(words[:taken]).strip(" ·"), size, width).replace(_NO_BREAK, " "))
        words = words[taken:]
    return found


def _until(words: Sequence[str], count: int, size: int) -> int:
    return length(" ".join(words[:count]), size)


def _cut(line: str, size: int, width: float) -> str:
    if length(line, size) <= width:
        return line
    most = bisect.bisect_right(range(1, len(line)), width, key=lambda count: length(line[:count] + _ELLIPSIS, size))
    return line[:most].rstrip(" ·.") + _ELLIPSIS


def _shown(text: str) -> str:
    """Spaces, tabs and ends of lines become single spaces; a space that holds words together stays one."""
    letters = "".join(map(_replaced, unicodedata.normalize("NFC", text[:_LONGEST])))
    return _SPACES.sub(" ", letters).strip(f" ·{_NO_BREAK}")


@lru_cache(maxsize=4096)
def _replaced(letter: str) -> str:
    """The letter, if the font has it, else what of its plain form the font has: of a full-width A the usual one."""
    if letter in _NO_BREAKS:
        return _NO_BREAK
    known = letter if _has(letter) else _SHOWN_AS.get(letter, unicodedata.normalize("NFKC", letter))
    return "".join(" " if one.isspace() else one for one in known if one.isspace() or _has(one))


def _has(letter: str) -> bool:
    """Tell whether the font draws it rightly: no box, no invisible sign, no accent that stands beside its letter."""
    if unicodedata.category(letter)[0] in "MC" or unicodedata.name(letter, "").startswith(_JOINED):
        return False
    mask, box = (drawn(one, 24)[0] for one in (letter, _NO_CHARACTER))
    return (mask.size, mask.tobytes()) != (box.size, box.tobytes())

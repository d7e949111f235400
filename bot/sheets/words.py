"""Text in a picture: only what the font can show, in as many lines of as many pixels as there is room for."""

import bisect
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_LONGEST: Final = 300
_ELLIPSIS: Final = "…"
_NO_BREAK: Final = "\u00a0"
_NO_CHARACTER: Final = "\uffff"
_SHOWN_AS: Final = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "→": ">", "×": "x", "•": "·", "\u202f": _NO_BREAK}
    | {
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
    }
)


@cache
def face(size: int) -> ImageFont.FreeTypeFont:
    """The one font of all drawings, `size` in pixels: Pillow's own, which has the letters of English alone."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("text cannot be drawn: this Pillow was built without FreeType; install one of its wheels")
    return font


@lru_cache(maxsize=8192)
def glyph(letter: str, size: int) -> tuple[Image.Image, tuple[int, int], int]:
    """A letter's mask, where it lies seen from the pen on the baseline, and how far the pen goes on, in pixels.

    Kept, because FreeType draws a letter anew each time: words from kept letters take a fifth of the time.
    """
    font = face(size)
    left, top, right, low = (int(edge) for edge in font.getbbox(letter, anchor="ls"))
    mask = Image.new("L", (max(1, right - left), max(1, low - top)))
    ImageDraw.Draw(mask).text((-left, -top), letter, 255, font, "ls")
    return mask, (left, top), round(font.getlength(letter))


def length(text: str, size: int) -> int:
    """Tell how many pixels a text is long."""
    return sum(glyph(letter, size)[2] for letter in text)


def shown(text: str, plain: str = "") -> str:
    """Leave out what the font cannot show: accents from their letters, emoji, other scripts. Spaces become single ones.

    When less than half of the letters would remain, `plain` is taken instead.
    """
    kept = _shown(text)
    letters = sum(not unicodedata.category(letter).startswith(("M", "Z", "C", "S")) for letter in text[:_LONGEST])
    return kept if 2 * sum(letter not in " \u00a0" for letter in kept) >= max(1, letters) else _shown(plain)


def wrapped(text: str, size: int, width: float, lines: int) -> list[str]:
    """Break a `shown` text into at most `lines` lines of `width` pixels; an ellipsis stands where it was cut."""
    found: list[str] = []
    words = text.split(" ") if text else []
    while words and len(found) < lines:
        taken = bisect.bisect_right(
            range(1, len(words) + 1), width, key=lambda count: length(" ".join(words[:count]), size)
        )
        if len(found) == lines - 1:
            taken = len(words)
        line = " ".join(words[: max(1, taken)]).strip(" ·")
        found.append(_cut(line, size, width).replace(_NO_BREAK, " "))
        words = words[max(1, taken) :]
    return found


def _cut(line: str, size: int, width: float) -> str:
    if length(line, size) <= width:
        return line
    most = bisect.bisect_right(range(1, len(line)), width, key=lambda count: length(line[:count] + _ELLIPSIS, size))
    return line[:most].rstrip(" ·.") + _ELLIPSIS


def _shown(text: str) -> str:
    return "".join(_characters(text[:_LONGEST])).strip(f" ·{_NO_BREAK}")


def _characters(text: str) -> Iterator[str]:
    space = True
    for letter in text.translate(_SHOWN_AS):
        pieces = letter if letter == _NO_BREAK else unicodedata.normalize("NFKD", letter)
        for piece in pieces:
            if piece == _NO_BREAK or not piece.isspace():
                if _has(piece):
                    yield piece
                    space = False
            elif not space:
                yield " "
                space = True


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    """Whether the font has a drawing of its own for it, and not the box that stands for all that it lacks."""
    font = face(24)
    drawn, box = font.getmask(letter), font.getmask(_NO_CHARACTER)
    return letter == _NO_BREAK or (drawn.size, bytes(drawn)) != (box.size, bytes(box))

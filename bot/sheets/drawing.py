"""What all drawings are made of: a ground, round pictures and placeholders, numbers and words."""

import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from bot.sheets.reading import Picture, jpeg
from bot.sheets.words import drawn, length, pieces, wrapped

Colour = tuple[int, int, int]
Point = tuple[int, int]

# Greys of Discord's dark theme; against the ground both text colours have a contrast of more than 7:1.
GROUND: Final[Colour] = (30, 31, 34)
MAT: Final[Colour] = (38, 39, 43)
PANEL: Final[Colour] = (49, 51, 56)
LINE: Final[Colour] = (110, 114, 124)
TEXT: Final[Colour] = (242, 243, 245)
QUIET: Final[Colour] = (181, 186, 193)
_SMOOTH: Final = 4
_DROP: Final = 0.36  # how far below its middle a capital stands, as a part of the size of its letters
_BAND: Final = (0.9, 0.29)  # how far above and below the baseline no other line's letters are, as such parts


@dataclass(frozen=True)
class Sheet:
    """A drawing: a JPEG, and its width and height in pixels.

    `broken` are the places, from 0, of the given pictures that could not be read: their words stand there.
    """

    jpeg: bytes
    width: int
    height: int
    broken: tuple[int, ...] = ()


class Canvas:
    """A sheet being drawn; all lengths are in pixels, points are (x, y) from the upper left."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width, height), GROUND)

    def sheet(self, broken: Sequence[int] = ()) -> Sheet:
        """Encode what has been drawn."""
        return Sheet(jpeg(self._image), *self._image.size, tuple(broken))

    def thumbnail(
        self,
        at: Point,
        thumbnail: Picture | None,
        frame: Point,
        radius: int,
        word: str,
        text: int,
        around: Colour = GROUND,
    ) -> bool:
        """Lay a picture in a frame, or its `word` where there is none or it is broken; tell whether it was laid."""
        image = None
        if thumbnail is not None:
            with suppress(ValueError):
                image = thumbnail.pixels()
        if image is None:
            self.placeholder(at, frame, radius, word, text)
        else:
            self.picture(at, image, frame, radius, around)
        return image is not None

    def picture(self, at: Point, image: Image.Image, frame: Point, radius: int, around: Colour = GROUND) -> None:
        """Lay a picture with round corners, if it has room for them, in the middle of a frame, on a mat around it.

        `around` is the colour of what the frame lies on.
        """
        if image.size != frame:
            self.panel(at, frame, radius, MAT)
            at, around = (at[0] + (frame[0] - image.width) // 2, at[1] + (frame[1] - image.height) // 2), MAT
        self._image.paste(image, at)
        if min(image.size) < 2 * radius:
            return
        self._corners(at, image.size, radius, around, _outside(radius))

    def panel(self, at: Point, size: Point, radius: int, colour: Colour) -> None:
        """Fill a rectangle with round corners."""
        (left, top), right, low = at, at[0] + size[0], at[1] + size[1]
        for filled in (
            (left + radius, top, right - radius, top + radius),
            (left, top + radius, right, low - radius),
            (left + radius, low - radius, right - radius, low),
        ):
            self._image.paste(colour, filled)
        self._corners(at, size, radius, colour, _inside(radius))

    def placeholder(self, at: Point, size: Point, radius: int, word: str, text: int) -> None:
        """Stand in for a picture with `word` in letters of `text` pixels, or with three dots where there is no word."""
        self.panel(at, size, radius, PANEL)
        centre = at[0] + size[0] // 2, at[1] + size[1] // 2
        lines = wrapped(word, text, size[0] - 2 * radius, 2)
        for number, line in enumerate(lines):
            self.words(
                (centre[0], centre[1] + round((number - (len(lines) - 1) / 2) * 1.3 * text + _DROP * text)),
                line,
                text,
                ground=PANEL,
            )
        if not lines:
            dot = max(4, text // 3)
            for step in (-2, 0, 2):
                self.panel((centre[0] + step * dot - dot // 2, centre[1] - dot // 2), (dot, dot), dot // 2, QUIET)

    def badge(self, at: Point, word: str, text: int, *, middle: bool = False) -> None:
        """Write a short word on a dark pill with a light rim, to be read on any picture, from `at` on or around it."""
        pill, mask = _badge(word, text)
        self._image.paste(pill, (at[0] - pill.width // 2, at[1] - pill.height // 2) if middle else at, mask)

    def words(
        self,
        at: Point,
        line: str,
        text: int,
        *,
        middle: bool = True,
        colour: Colour = TEXT,
        ground: Colour = GROUND,
    ) -> None:
        """Write a line on the baseline `at`, around that point or (not `middle`) from there on; it lies on `ground`."""
        pen = at[0] - length(line, text) // 2 if middle else at[0], at[1]
        _write(self._image, pen, line, text, colour, ground)

    def line(self, points: Sequence[Point], width: int) -> None:
        """Draw a line of horizontal and vertical pieces."""
        for (x, y), (to_x, to_y) in itertools.pairwise(points):
            left, top = min(x, to_x) - width // 2, min(y, to_y) - width // 2
            self._image.paste(LINE, (left, top, max(x, to_x) - width // 2 + width, max(y, to_y) - width // 2 + width))

    def _corners(self, at: Point, size: Point, radius: int, colour: Colour, masks: Sequence[Image.Image]) -> None:
        """Fill the four corners of a rectangle through their masks."""
        (left, top), right, low = at, at[0] + size[0] - radius, at[1] + size[1] - radius
        for (x, y), mask in zip(((left, top), (right, top), (left, low), (right, low)), masks, strict=True):
            self._image.paste(colour, (x, y, x + radius, y + radius), mask)


@lru_cache(maxsize=128)
def _badge(word: str, text: int) -> tuple[Image.Image, Image.Image]:
    """A badge and its mask."""
    rim, high = max(2, text // 16), round(1.5 * text)
    size = max(high, length(word, text) + round(0.8 * text)), high
    inner = size[0] - 2 * rim, high - 2 * rim
    pill = Image.new("RGB", size, TEXT)
    pill.paste(GROUND, (rim, rim, rim + inner[0], rim + inner[1]), _panel(inner, inner[1] // 2))
    pen = (size[0] - length(word, text)) // 2, high // 2 + round(_DROP * text)
    _write(pill, pen, word, text, TEXT)
    return pill, _panel(size, high // 2)


def _write(image: Image.Image, pen: Point, line: str, text: int, colour: Colour, ground: Colour | None = None) -> None:
    """Write a line; a word that touches nothing on a plain `ground` is laid on whole, in a sixth of the time."""
    (x, y), end = pen, pen[0] - text
    for piece in pieces(line):
        mask, (left, top), advance = drawn(piece, text)
        if piece != " ":
            at = x + left, y + top
            alone = at[0] >= end and -top <= _BAND[0] * text and top + mask.height <= _BAND[1] * text
            if ground and alone:
                image.paste(_stamp(piece, text, colour, ground), at)
            else:
                image.paste(colour, (*at, at[0] + mask.width, at[1] + mask.height), mask)
            end = at[0] + mask.width
        x += advance


@lru_cache(maxsize=1024)  # at most some 20 MiB
def _stamp(piece: str, text: int, colour: Colour, ground: Colour) -> Image.Image:
    """A word on its ground."""
    mask = drawn(piece, text)[0]
    stamp = Image.new("RGB", mask.size, ground)
    stamp.paste(colour, (0, 0), mask)
    return stamp


@lru_cache(maxsize=32)
def _panel(size: Point, radius: int) -> Image.Image:
    """A mask of a rectangle with round corners."""
    mask = Image.new("L", size, 255)
    right, low = size[0] - radius, size[1] - radius
    for at, corner in zip(((0, 0), (right, 0), (0, low), (right, low)), _inside(radius), strict=True):
        mask.paste(corner, at)
    return mask


@lru_cache(maxsize=64)
def _inside(radius: int) -> tuple[Image.Image, ...]:
    """Masks of what lies inside of the arcs, in the order of `_outside`."""
    return tuple(ImageChops.invert(mask) for mask in _outside(radius))


@lru_cache(maxsize=64)
def _outside(radius: int) -> tuple[Image.Image, ...]:
    """Masks of what lies outside of the arcs: upper left, upper right, lower left, lower right."""
    large = Image.new("L", (_SMOOTH * radius, _SMOOTH * radius), 255)
    ImageDraw.Draw(large).circle((_SMOOTH * radius, _SMOOTH * radius), _SMOOTH * radius, 0)
    corner = large.reduce(_SMOOTH)
    mirrored = corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return corner, mirrored, *(upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM) for upper in (corner, mirrored))

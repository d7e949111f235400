"""Drawing images with rounded corners, placeholders, badges, lines and text on a canvas."""

import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageDraw

from bot.images.marking import mark_image
from bot.images.text import measure_width, rasterize_word, split_words, wrap_text
from bot.images.thumbnail import LazyImage, encode_jpeg
from shared.imaging.limits import ImageRejectedError
from shared.imaging.xmp import SourceType

Colour = tuple[int, int, int]
Point = tuple[int, int]

# Greys of Discord's dark theme. Both text colours have a contrast of more than 7:1 with the background.
BACKGROUND: Final[Colour] = (30, 31, 34)
FRAME_BACKGROUND: Final[Colour] = (38, 39, 43)
PLACEHOLDER_BACKGROUND: Final[Colour] = (49, 51, 56)
LINE_COLOUR: Final[Colour] = (110, 114, 124)
TEXT_COLOUR: Final[Colour] = (242, 243, 245)
MUTED_TEXT_COLOUR: Final[Colour] = (181, 186, 193)
_SUPERSAMPLING: Final = 4
_PLACEHOLDER_LINE_HEIGHT: Final = 1.3  # per pixel of font size
_CAPITAL_BASELINE_RATIO: Final = 0.36  # from a capital letter's middle to its baseline, per pixel of font size
_LINE_ASCENT_RATIO: Final = 0.9  # above the baseline, free of the letters of other lines, per pixel of font size
_LINE_DESCENT_RATIO: Final = 0.29  # the same below the baseline


@dataclass(frozen=True)
class RenderedImage:
    """A drawing as a JPEG, and its width and height in pixels.

    `unreadable_indexes` are the indexes of the given thumbnails that could not be read and have a placeholder.
    """

    jpeg: bytes
    width: int
    height: int
    unreadable_indexes: tuple[int, ...] = ()


class Canvas:
    """An image being drawn. Lengths are in pixels, points are (x, y) from the upper left."""

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("RGB", (width, height), BACKGROUND)

    def encode(self, unreadable_indexes: Sequence[int] = (), *, shows_results: bool = False) -> RenderedImage:
        """Encode the drawing as a JPEG; one that shows results is marked as a composite with them."""
        jpeg = encode_jpeg(self._image)
        if shows_results:
            jpeg = mark_image(jpeg, SourceType.FROM_PICTURE)
        return RenderedImage(jpeg, *self._image.size, tuple(unreadable_indexes))

    def draw_thumbnail(
        self,
        at: Point,
        thumbnail: LazyImage | None,
        frame: Point,
        radius: int,
        placeholder: str,
        font_size: int,
        background: Colour = BACKGROUND,
    ) -> bool:
        """Draw a thumbnail in a frame, or a placeholder if it is missing or broken. Return whether it was drawn."""
        image = None
        if thumbnail is not None:
            with suppress(ImageRejectedError):
                image = thumbnail.decode()
        if image is None:
            self.draw_placeholder(at, frame, radius, placeholder, font_size)
        else:
            self.draw_image(at, image, frame, radius, background)
        return image is not None

    def draw_image(
        self, at: Point, image: Image.Image, frame: Point, radius: int, background: Colour = BACKGROUND
    ) -> None:
        """Draw an image in the middle of a frame, on a mat if it is smaller, with rounded corners if they fit.

        `background` is the colour around the frame.
        """
        if image.size != frame:
            self.fill_rounded_rectangle(at, frame, radius, FRAME_BACKGROUND)
            at, background = (
                (at[0] + (frame[0] - image.width) // 2, at[1] + (frame[1] - image.height) // 2),
                FRAME_BACKGROUND,
            )
        self._image.paste(image, at)
        if min(image.size) < 2 * radius:
            return
        self._fill_corners(at, image.size, radius, background, _build_outer_corner_masks(radius))

    def fill_rounded_rectangle(self, at: Point, size: Point, radius: int, colour: Colour) -> None:
        """Fill a rectangle with rounded corners."""
        (left, top), right, bottom = at, at[0] + size[0], at[1] + size[1]
        for box in (
            (left + radius, top, right - radius, top + radius),
            (left, top + radius, right, bottom - radius),
            (left + radius, bottom - radius, right - radius, bottom),
        ):
            self._image.paste(colour, box)
        self._fill_corners(at, size, radius, colour, _build_inner_corner_masks(radius))

    def draw_placeholder(self, at: Point, size: Point, radius: int, label: str, font_size: int) -> None:
        """Draw a placeholder for an image: a label of up to two lines, or three dots if it is empty."""
        self.fill_rounded_rectangle(at, size, radius, PLACEHOLDER_BACKGROUND)
        centre_x, centre_y = at[0] + size[0] // 2, at[1] + size[1] // 2
        lines = wrap_text(label, font_size, size[0] - 2 * radius, 2)
        for number, line in enumerate(lines):
            offset = (number - (len(lines) - 1) / 2) * _PLACEHOLDER_LINE_HEIGHT + _CAPITAL_BASELINE_RATIO
            baseline = centre_x, centre_y + round(offset * font_size)
            self.draw_text(baseline, line, font_size, background=PLACEHOLDER_BACKGROUND)
        if not lines:
            dot = max(4, font_size // 3)
            for step in (-2, 0, 2):
                corner = centre_x + step * dot - dot // 2, centre_y - dot // 2
                self.fill_rounded_rectangle(corner, (dot, dot), dot // 2, MUTED_TEXT_COLOUR)

    def draw_badge(self, at: Point, label: str, font_size: int, *, centred: bool = False) -> None:
        """Draw a short label on a dark pill with a light rim, which is legible on any image, at or around a point."""
        pill, mask = _render_badge(label, font_size)
        self._image.paste(pill, (at[0] - pill.width // 2, at[1] - pill.height // 2) if centred else at, mask)

    def draw_text(
        self,
        at: Point,
        text: str,
        font_size: int,
        *,
        centred: bool = True,
        colour: Colour = TEXT_COLOUR,
        background: Colour = BACKGROUND,
    ) -> None:
        """Draw a line of text on a baseline, centred at a point or starting there, on a plain `background`."""
        pen = at[0] - measure_width(text, font_size) // 2 if centred else at[0], at[1]
        _draw_text(self._image, pen, text, font_size, colour, background)

    def draw_polyline(self, points: Sequence[Point], width: int) -> None:
        """Draw a line of horizontal and vertical segments."""
        for (x, y), (to_x, to_y) in itertools.pairwise(points):
            left, top = min(x, to_x) - width // 2, min(y, to_y) - width // 2
            self._image.paste(
                LINE_COLOUR, (left, top, max(x, to_x) - width // 2 + width, max(y, to_y) - width // 2 + width)
            )

    def _fill_corners(self, at: Point, size: Point, radius: int, colour: Colour, masks: Sequence[Image.Image]) -> None:
        """Fill the corners of a rectangle through their masks."""
        (left, top), right, bottom = at, at[0] + size[0] - radius, at[1] + size[1] - radius
        for (x, y), mask in zip(((left, top), (right, top), (left, bottom), (right, bottom)), masks, strict=True):
            self._image.paste(colour, (x, y, x + radius, y + radius), mask)


@lru_cache(maxsize=128)
def _render_badge(label: str, font_size: int) -> tuple[Image.Image, Image.Image]:
    """Draw a badge, and the mask of its pill."""
    rim, height = max(2, font_size // 16), round(1.5 * font_size)
    size = max(height, measure_width(label, font_size) + round(0.8 * font_size)), height
    inner = size[0] - 2 * rim, height - 2 * rim
    pill = Image.new("RGB", size, TEXT_COLOUR)
    pill.paste(BACKGROUND, (rim, rim, rim + inner[0], rim + inner[1]), _build_rounded_mask(inner, inner[1] // 2))
    pen = (size[0] - measure_width(label, font_size)) // 2, height // 2 + round(_CAPITAL_BASELINE_RATIO * font_size)
    _draw_text(pill, pen, label, font_size, TEXT_COLOUR)
    return pill, _build_rounded_mask(size, height // 2)


def _draw_text(
    image: Image.Image, pen: Point, text: str, font_size: int, colour: Colour, background: Colour | None = None
) -> None:
    """Draw a line of text. Words that touch no other text on a plain background are pasted whole, six times as fast."""
    (x, y), end = pen, pen[0] - font_size
    for word in split_words(text):
        mask, (left, top), advance = rasterize_word(word, font_size)
        if word != " ":
            at = x + left, y + top
            is_separate = (
                at[0] >= end
                and -top <= _LINE_ASCENT_RATIO * font_size
                and top + mask.height <= _LINE_DESCENT_RATIO * font_size
            )
            if background and is_separate:
                image.paste(_render_word(word, font_size, colour, background), at)
            else:
                image.paste(colour, (*at, at[0] + mask.width, at[1] + mask.height), mask)
            end = at[0] + mask.width
        x += advance


@lru_cache(maxsize=1024)  # at most some 20 MiB
def _render_word(word: str, font_size: int, colour: Colour, background: Colour) -> Image.Image:
    """Draw a word on its background."""
    mask = rasterize_word(word, font_size)[0]
    image = Image.new("RGB", mask.size, background)
    image.paste(colour, (0, 0), mask)
    return image


@lru_cache(maxsize=32)
def _build_rounded_mask(size: Point, radius: int) -> Image.Image:
    """Build the mask of a rectangle with rounded corners."""
    mask = Image.new("L", size, 255)
    right, bottom = size[0] - radius, size[1] - radius
    for at, corner in zip(
        ((0, 0), (right, 0), (0, bottom), (right, bottom)), _build_inner_corner_masks(radius), strict=True
    ):
        mask.paste(corner, at)
    return mask


@lru_cache(maxsize=64)
def _build_inner_corner_masks(radius: int) -> tuple[Image.Image, ...]:
    """Build the masks of the area inside the arcs, in the order of `_build_outer_corner_masks`."""
    return tuple(ImageChops.invert(mask) for mask in _build_outer_corner_masks(radius))


@lru_cache(maxsize=64)
def _build_outer_corner_masks(radius: int) -> tuple[Image.Image, ...]:
    """Build the masks of the area outside the arcs: upper left, upper right, lower left, lower right."""
    large = Image.new("L", (_SUPERSAMPLING * radius, _SUPERSAMPLING * radius), 255)
    ImageDraw.Draw(large).circle((_SUPERSAMPLING * radius, _SUPERSAMPLING * radius), _SUPERSAMPLING * radius, 0)
    corner = large.reduce(_SUPERSAMPLING)
    mirrored = corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return corner, mirrored, *(upper.transpose(Image.Transpose.FLIP_TOP_BOTTOM) for upper in (corner, mirrored))

"""Masks: widening them, and finding the region that a search term means. White (255) is the region to change."""

import colorsys
import re

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.standins.bedrock.palette import COLOURS
from demo.standins.bedrock.randomness import create_random

DEFAULT_GROWTH = 5
HALF = 128
MISSING_WORD = "nothing"
"""A search term with this word finds no region."""

_WORKING_SIDE = 384
_HUE_TOLERANCE = 22  # of 256
_MIN_SATURATION = 40
_GREY_TOLERANCE = 60


def grow_mask(mask: Image.Image, pixels: int) -> Image.Image:
    """Widen the white area by `pixels` on every side, with a blurred edge; greys stay as they are."""
    if not pixels:
        return mask
    grown = mask.point([0] * HALF + [255] * HALF)
    for radius in ((pixels, 0), (0, pixels)):
        grown = grown.filter(ImageFilter.BoxBlur(radius)).point([0] + [255] * 255)
    return ImageChops.lighter(mask, grown.filter(ImageFilter.GaussianBlur(pixels / 8)))


def find_region(image: Image.Image, words: str) -> Image.Image:
    """Find a region for a search term: the pixels of a colour that it names, otherwise an ellipse that it decides.

    The mask is black if the term has the word `nothing`.
    """
    if MISSING_WORD in words.lower().split():
        return Image.new("L", image.size, 0)
    named = next((COLOURS[word] for word in re.findall(r"[a-z]+", words.lower()) if word in COLOURS), None)
    small = image.copy()
    small.thumbnail((_WORKING_SIDE, _WORKING_SIDE))
    mask = _find_colour(small, named) if named else None
    if mask is None or not mask.getbbox():
        mask = _draw_ellipse(small.size, words)
    return mask.filter(ImageFilter.MedianFilter(3)).resize(image.size, Image.Resampling.BILINEAR)


def _find_colour(image: Image.Image, hexadecimal: str) -> Image.Image:
    red, green, blue = bytes.fromhex(hexadecimal)
    hue, saturation, value = (round(255 * part) for part in colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255))
    hues, saturations, values = image.convert("HSV").split()
    if saturation < _MIN_SATURATION:
        near = values.point([255 if abs(level - value) < _GREY_TOLERANCE else 0 for level in range(256)])
        return ImageChops.multiply(near, saturations.point([255 if s < _MIN_SATURATION else 0 for s in range(256)]))
    near = hues.point([255 if min(abs(h - hue), 256 - abs(h - hue)) < _HUE_TOLERANCE else 0 for h in range(256)])
    return ImageChops.multiply(near, saturations.point([255 if s >= _MIN_SATURATION else 0 for s in range(256)]))


def _draw_ellipse(size: tuple[int, int], words: str) -> Image.Image:
    width, height = size
    rng = create_random("region", words.lower())
    x, y, reach = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height, rng.uniform(0.18, 0.28)
    mask = Image.new("L", size, 0)
    half_width, half_height = reach * width, reach * height
    ImageDraw.Draw(mask).ellipse((x - half_width, y - half_height, x + half_width, y + half_height), fill=255)
    return mask

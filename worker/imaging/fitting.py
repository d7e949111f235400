"""Which of a model's sizes a picture takes, and which part of the picture goes there."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageStat

from shared.catalogue import Bounds, Size
from shared.imaging.limits import ImageRejectedError

Box = tuple[float, float, float, float]


class Placement(NamedTuple):
    """The part of the picture that is shown, in its own pixels, and the size in pixels that it is drawn at."""

    box: Box
    size: Size


def choose_nearest_size(sizes: Sequence[Size], width: int, height: int) -> Size:
    """Choose the size nearest in aspect ratio, by logarithm: 2:1 is as far from 1:1 as 1:2. Of equals, the larger."""
    ratio = math.log(width / height)
    return min(sizes, key=lambda size: (abs(math.log(size[0] / size[1]) - ratio), -size[0] * size[1]))


def fit_to_bounds(bounds: Bounds, width: int, height: int) -> Size:
    """Keep a picture's own size, scaled down where it is too large. Raises PictureRefused: too small or too narrow."""
    shorter, longer = sorted((width, height))
    if shorter < bounds.min_side:
        raise ImageRejectedError("too_small", width=width, height=height, limit=bounds.min_side)
    if longer > shorter * bounds.max_aspect:
        raise ImageRejectedError("too_narrow", width=width, height=height, limit=f"{bounds.max_aspect:g}")
    scale = min(1.0, math.sqrt(bounds.max_pixels / (width * height)), (bounds.max_side or longer) / longer)
    short = max(bounds.min_side, int(shorter * scale))
    long = min(int(longer * scale), int(short * bounds.max_aspect))  # rounding makes it no narrower than it may be
    return (long, short) if width > height else (short, long)


def compute_placement(frame: tuple[float, float], target: Size, fit: str) -> Placement:
    """Lay a picture of `frame` (width, height) into `target`: `crop` its centre, `pad` it whole, or `stretch` it.

    Raises ValueError for any other fit.
    """
    width, height = frame
    wanted_width, wanted_height = target
    if fit == "stretch":
        return Placement((0, 0, width, height), target)
    if fit == "crop":
        across = min(width, height * wanted_width / wanted_height)
        down = min(height, width * wanted_height / wanted_width)
        left, top = (width - across) / 2, (height - down) / 2
        return Placement((left, top, left + across, top + down), target)
    if fit == "pad":
        scale = min(wanted_width / width, wanted_height / height)
        return Placement((0, 0, width, height), (max(1, round(width * scale)), max(1, round(height * scale))))
    raise ValueError(f"a picture cannot be fitted by {fit!r}: crop, pad and stretch are the ways, choose one of them")


def pad_image(image: Image.Image, size: Size) -> Image.Image:
    """Centre an RGB picture on a canvas whose colour is the mean of the two edges that meet the bars."""
    if image.size == size:
        return image
    width, height = image.size
    at_the_sides = width < size[0]
    strip = (1, height) if at_the_sides else (width, 1)
    edges = Image.new("RGB", (strip[0], 2 * strip[1]) if at_the_sides else (2 * strip[0], strip[1]))
    for corner in ((0, 0), (width - strip[0], height - strip[1])):
        edge = image.crop((*corner, corner[0] + strip[0], corner[1] + strip[1]))
        edges.paste(edge, (0, 0) if corner == (0, 0) else (0, height) if at_the_sides else (width, 0))
    red, green, blue = (round(mean) for mean in ImageStat.Stat(edges).mean)
    canvas = Image.new("RGB", size, (red, green, blue))
    canvas.paste(image, ((size[0] - width) // 2, (size[1] - height) // 2))
    return canvas

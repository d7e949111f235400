"""Sizes of pictures, (width, height) in pixels, and the one of a model that a picture is fitted to."""

import math
from collections.abc import Sequence

from shared.imaging.limits import ImageRejectedError
from shared.models import Bounds, Size


def choose_nearest_size(sizes: Sequence[Size], width: int, height: int) -> Size:
    """Choose the size nearest in aspect ratio, by logarithm: 2:1 is as far from 1:1 as 1:2. Of ties, the largest."""
    ratio = math.log(width / height)
    return min(sizes, key=lambda size: (abs(math.log(size[0] / size[1]) - ratio), -size[0] * size[1]))


def fit_to_bounds(bounds: Bounds, width: int, height: int, fit: str = "crop") -> Size:
    """Return a picture's own size, scaled down if it is too large.

    If the bounds fit pictures, one that is too small is enlarged, and one that is too narrow gets the nearest shape:
    its longer side is cut if `fit` is "crop", otherwise its shorter side is lengthened. Raises `ImageRejectedError`
    (too_small, too_narrow) if they do not.
    """
    shorter, longer = sorted((float(width), float(height)))
    if not bounds.fits and shorter < bounds.min_side:
        raise ImageRejectedError("too_small", width=width, height=height, limit=bounds.min_side)
    if is_too_narrow(bounds, width, height):
        if not bounds.fits:
            raise ImageRejectedError("too_narrow", width=width, height=height, limit=f"{bounds.max_aspect:g}")
        if fit == "crop":
            longer = shorter * bounds.max_aspect
        else:
            shorter = longer / bounds.max_aspect
    scale = min(1.0, math.sqrt(bounds.max_pixels / (shorter * longer)), (bounds.max_side or longer) / longer)
    scale = max(scale, bounds.min_side / shorter) if bounds.fits else scale
    short = max(bounds.min_side, int(shorter * scale))
    # rounding must neither make it too narrow nor its longer side the shorter one
    long = max(short, min(int(longer * scale), int(short * bounds.max_aspect)))
    return (long, short) if width > height else (short, long)


def is_too_narrow(bounds: Bounds, width: int, height: int) -> bool:
    """Return whether a picture of this size is longer and narrower than the bounds allow."""
    return max(width, height) > min(width, height) * bounds.max_aspect


def format_size(size: Size) -> str:
    """Format a size for people."""
    return f"{size[0]} × {size[1]}"


def compute_cropped_share(size: Size, width: int, height: int) -> float:
    """Compute the share of a picture, 0 to 1, that is cut off when it is cropped to the aspect ratio of a size."""
    ratios = size[0] / size[1], width / height
    return 1 - min(ratios) / max(ratios)

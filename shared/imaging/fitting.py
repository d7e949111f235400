"""Sizes of pictures, (width, height) in pixels, and the one of a model that a picture is fitted to."""

import math
from collections.abc import Sequence

Size = tuple[int, int]


def choose_nearest_size(sizes: Sequence[Size], width: int, height: int) -> Size:
    """Choose the size nearest in aspect ratio, by logarithm: 2:1 is as far from 1:1 as 1:2. Of ties, the largest."""
    ratio = math.log(width / height)
    return min(sizes, key=lambda size: (abs(math.log(size[0] / size[1]) - ratio), -size[0] * size[1]))


def format_size(size: Size) -> str:
    """Format a size for people."""
    return f"{size[0]} × {size[1]}"


def compute_cropped_share(size: Size, width: int, height: int) -> float:
    """Compute the share of a picture, 0 to 1, that is cut off when it is cropped to the aspect ratio of a size."""
    ratios = size[0] / size[1], width / height
    return 1 - min(ratios) / max(ratios)

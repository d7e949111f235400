"""Reference pictures of style sets, as they are stored."""

from typing import Final

from bot.images.thumbnail import LazyImage, encode_jpeg
from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError

MAX_SIDE: Final = 1536
MIN_SIDE: Final = 64
"""Pixels of a stored picture's longer and shorter side. Stability's services want at least 64 of each side."""


def make_style_picture(data: bytes) -> bytes:
    """Scale an uploaded picture down to a JPEG of at most 1536 pixels on the longer side, as `make_thumbnail` does.

    It reads every type that requests may have, within their limits, and belongs in a thread. Raises
    `ImageRejectedError`, also for fewer than 64 pixels on a side.
    https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
    """
    image = LazyImage(data, MAX_SIDE, DEFAULT_LIMITS)
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        raise ImageRejectedError("too_small", width=width, height=height, limit=MIN_SIDE)
    return encode_jpeg(image.decode())

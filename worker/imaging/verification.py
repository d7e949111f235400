"""Checking the image that is sent to a model, and the one in its response before it counts as a result."""

from types import MappingProxyType
from typing import Final

from shared.imaging.decoding import open_image, translate_decoder_errors
from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError, Limits
from shared.imaging.metadata import verify_png
from shared.imaging.sniffing import ImageType
from shared.models import Size

_RESPONSE_TYPES: Final = (ImageType.PNG, ImageType.JPEG, ImageType.WEBP)
_JPEG_END: Final = b"\xff\xd9"


def verify_image(data: bytes, max_pixels: int) -> tuple[ImageType, int, int]:
    """Return the type, width and height of an image from a model, at a tenth of the cost of decoding it.

    The checksums of a PNG are compared, a JPEG and a WebP must be complete. `max_pixels` is width times height. Raises
    `ImageRejectedError`.
    """
    limits = Limits(types=_RESPONSE_TYPES, max_pixels=MappingProxyType(dict.fromkeys(ImageType, max_pixels)))
    opened = open_image(data, limits)
    if opened.image_type is ImageType.PNG:
        with translate_decoder_errors(opened.image_type):
            verify_png(data)
    if opened.image_type is ImageType.JPEG and not data.endswith(_JPEG_END):
        raise ImageRejectedError("truncated", type=opened.image_type.name)
    width, height = opened.image.size
    return opened.image_type, width, height


def measure_size(prepared: bytes) -> Size:
    """Read the width and height of a prepared image from its header."""
    return open_image(prepared, DEFAULT_LIMITS).image.size

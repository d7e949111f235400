"""What a model answered is looked at before anyone is told that it is a picture."""

from types import MappingProxyType
from typing import Final

from shared.imaging.decoding import open_image, translate_decoder_errors
from shared.imaging.limits import ImageRejectedError, Limits
from shared.imaging.metadata import ImageType, verify_png

_RESPONSE_TYPES: Final = (ImageType.PNG, ImageType.JPEG, ImageType.WEBP)


def verify_image(data: bytes, max_pixels: int) -> tuple[ImageType, int, int]:
    """Return type, width and height of a model's answer, at a tenth of what decoding it would cost.

    A PNG's checksums are compared, a JPEG's and a WebP's end is looked for. `max_pixels` is width times height.
    Raises PictureRefused.
    """
    limits = Limits(max_pixels=MappingProxyType(dict.fromkeys(ImageType, max_pixels)))
    opened = open_image(data, limits)
    if opened.image_type not in _RESPONSE_TYPES:
        raise ImageRejectedError("unsupported_type", accepted=", ".join(kind.name for kind in _RESPONSE_TYPES))
    if opened.image_type is ImageType.PNG:
        with translate_decoder_errors(opened.image_type):
            verify_png(data)
    if opened.image_type is ImageType.JPEG and not data.endswith(b"\xff\xd9"):
        raise ImageRejectedError("truncated", type=opened.image_type.name)
    width, height = opened.image.size
    return opened.image_type, width, height

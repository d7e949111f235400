"""What a model answered is looked at before anyone is told that it is a picture."""

from types import MappingProxyType
from typing import Final

from shared.pictures import PictureType, check_png
from worker.imaging.limits import Limits, PictureRefused
from worker.imaging.reading import decoding, open_picture

_ANSWERED: Final = (PictureType.PNG, PictureType.JPEG, PictureType.WEBP)


def check_answer(data: bytes, max_pixels: int) -> tuple[PictureType, int, int]:
    """Return type, width and height of a model's answer, at a tenth of what decoding it would cost.

    A PNG's checksums are compared, a JPEG's and a WebP's end is looked for. `max_pixels` is width times height.
    Raises PictureRefused.
    """
    limits = Limits(max_pixels=MappingProxyType(dict.fromkeys(PictureType, max_pixels)))
    opened = open_picture(data, limits)
    if opened.type not in _ANSWERED:
        raise PictureRefused("unsupported_type", accepted=", ".join(kind.name for kind in _ANSWERED))
    if opened.type is PictureType.PNG:
        with decoding(opened.type):
            check_png(data)
    if opened.type is PictureType.JPEG and not data.endswith(b"\xff\xd9"):
        raise PictureRefused("truncated", type=opened.type.name)
    width, height = opened.image.size
    return opened.type, width, height

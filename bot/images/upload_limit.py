"""Shrinking an image to the size that Discord accepts."""

import io
from typing import Final

from PIL import Image

from bot.images.limits import STORED_IMAGE_LIMITS
from bot.images.marking import collect_marks
from shared.imaging.colour_conversion import convert_to_srgb, make_resizable
from shared.imaging.decoding import decode_pixels, open_image
from shared.imaging.limits import ImageRejectedError
from shared.imaging.marks import embed_marks
from shared.imaging.pixels import rotate_upright
from shared.imaging.sniffing import ImageType, sniff_image_type
from shared.imaging.xmp import SourceType

# https://discord.com/developers/docs/reference#uploading-files and resources/message#create-message-limitations
MAX_REQUEST_BYTES: Final = 25 * 1024**2 - 256 * 1024

_JPEG_QUALITIES: Final = (95, 90, 80, 70)
_MIN_SIDE_PIXELS: Final = 64


def fit_to_upload_limit(data: bytes, max_bytes: int, source_type: SourceType | None = None) -> tuple[bytes, ImageType]:
    """Return `data` unchanged if it has at most `max_bytes`, else a JPEG that has, with no metadata but its marks.

    The `source_type` is marked in the copy of a result without marks; it is None for a picture that is no result.
    Quality is reduced first (95 to 70), then the size, by halves. Transparent areas become white. It decodes and
    encodes, so it belongs in a thread. Raises `ValueError` if the image cannot be brought under the limit,
    `ImageRejectedError` if it cannot be read.
    """
    kind = sniff_image_type(data)
    if kind is None:
        raise ImageRejectedError("unsupported_type", accepted=", ".join(known.name for known in ImageType))
    if len(data) <= max_bytes:
        return data, kind
    image, marks = _decode_image(data), collect_marks(data, source_type)
    while min(image.size) >= _MIN_SIDE_PIXELS:
        for quality in _JPEG_QUALITIES:
            jpeg = _encode_jpeg(image, quality)
            jpeg = embed_marks(jpeg, marks) if marks else jpeg
            if len(jpeg) <= max_bytes:
                return jpeg, ImageType.JPEG
        image = image.reduce(2)
    raise ValueError(
        f"this image cannot be brought under {max_bytes} bytes: "
        f"it would be smaller than {_MIN_SIDE_PIXELS} pixels; raise the limit"
    )


def measure_image(data: bytes) -> tuple[int, int]:
    """Measure the width and height of an image, without decoding it. Raises `ImageRejectedError`."""
    return open_image(data, STORED_IMAGE_LIMITS).upright_size


def _decode_image(data: bytes) -> Image.Image:
    opened = open_image(data, STORED_IMAGE_LIMITS)
    with decode_pixels(opened) as pixels:
        image = rotate_upright(convert_to_srgb(make_resizable(pixels.image), opened.colour), opened.orientation)
    image.info = {}
    return image


def _encode_jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:4:4" if quality == _JPEG_QUALITIES[0] else "4:2:0")
    return out.getvalue()

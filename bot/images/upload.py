"""A picture is made to fit the size that Discord takes."""

import io
from typing import Final

from PIL import Image

from shared.imaging.metadata import ImageType, sniff_image_type

# https://discord.com/developers/docs/reference#uploading-files and resources/message#create-message-limitations
MAX_REQUEST_BYTES: Final = 25 * 1024**2 - 256 * 1024

_JPEG_QUALITIES: Final = (95, 90, 80, 70)
_MIN_SIDE_PIXELS: Final = 64


def fit_to_upload_limit(data: bytes, max_bytes: int) -> tuple[bytes, ImageType]:
    """Return `data` as it is when it has at most `limit` bytes, else a JPEG of it without metadata that has.

    Quality goes first (95 down to 70), then size, by halves. Transparency is laid on white. It decodes and encodes, so
    it belongs in a thread. Raises ValueError when the bytes are no picture or cannot be brought under the limit.
    """
    kind = sniff_image_type(data)
    if kind is None:
        raise ValueError(
            "this cannot be uploaded: its bytes are no picture of a type known here; make it a PNG, JPEG or WebP"
        )
    if len(data) <= max_bytes:
        return data, kind
    image = _flatten_image(data)
    while min(image.size) >= _MIN_SIDE_PIXELS:
        for quality in _JPEG_QUALITIES:
            jpeg = _encode_jpeg(image, quality)
            if len(jpeg) <= max_bytes:
                return jpeg, ImageType.JPEG
        image = image.reduce(2)
    raise ValueError(
        f"this picture cannot be brought under {max_bytes} bytes: "
        f"it would be smaller than {_MIN_SIDE_PIXELS} pixels; ask for a higher limit"
    )


def _flatten_image(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
            if not opened.has_transparency_data:
                image = opened.convert("RGB")
            else:
                seen = opened.convert("RGBA")
                image = Image.new("RGB", seen.size, (255, 255, 255))
                image.paste(seen, mask=seen)
    except (OSError, SyntaxError) as error:
        raise ValueError(
            f"this picture cannot be made smaller: it could not be read ({error}); make it again"
        ) from error
    image.info = {}
    return image


def _encode_jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:4:4" if quality == _JPEG_QUALITIES[0] else "4:2:0")
    return out.getvalue()

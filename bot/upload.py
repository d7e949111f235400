"""A picture is made to fit the size that Discord takes."""

import io
from typing import Final

from PIL import Image

from shared.pictures import PictureType, sniff

# https://discord.com/developers/docs/reference#uploading-files and resources/message#create-message-limitations
WHOLE_REQUEST: Final = 25 * 1024**2 - 256 * 1024

_QUALITIES: Final = (95, 90, 80, 70)
_SMALLEST_SIDE: Final = 64


def fit_upload(data: bytes, limit: int) -> tuple[bytes, PictureType]:
    """Return `data` as it is when it has at most `limit` bytes, else a JPEG of it without metadata that has.

    Quality goes first (95 down to 70), then size, by halves. Transparency is laid on white. It decodes and encodes, so
    it belongs in a thread. Raises ValueError when the bytes are no picture or cannot be brought under the limit.
    """
    kind = sniff(data)
    if kind is None:
        raise ValueError(
            "this cannot be uploaded: its bytes are no picture of a type known here; make it a PNG, JPEG or WebP"
        )
    if len(data) <= limit:
        return data, kind
    image = _flat(data)
    while min(image.size) >= _SMALLEST_SIDE:
        for quality in _QUALITIES:
            jpeg = _jpeg(image, quality)
            if len(jpeg) <= limit:
                return jpeg, PictureType.JPEG
        image = image.reduce(2)
    raise ValueError(
        f"this picture cannot be brought under {limit} bytes: "
        f"it would be smaller than {_SMALLEST_SIDE} pixels; ask for a higher limit"
    )


def _flat(data: bytes) -> Image.Image:
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


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:4:4" if quality == _QUALITIES[0] else "4:2:0")
    return out.getvalue()

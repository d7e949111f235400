"""Pictures between base64 and pixels."""

import base64
import binascii
import io

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 50_000_000  # the stand-in's own guard; no maximum is documented


class UnreadablePictureError(Exception):
    """A field that should hold a picture does not; the message says why."""


def decode_picture(text: str) -> Image.Image:
    """Decode strict base64 (no `data:` prefix, no line breaks) of a JPEG, PNG or WebP to RGB pixels.

    Raises UnreadablePictureError.
    """
    _, picture = open_picture(text)
    try:
        return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadablePictureError("the image is damaged") from error


def open_picture(text: str) -> tuple[bytes, Image.Image]:
    """Open a base64 picture without decoding its pixels: its bytes and its header. Raises UnreadablePictureError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadablePictureError("invalid base64") from error
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadablePictureError("not a JPEG, PNG or WebP image") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise UnreadablePictureError(f"more than {MAX_PIXELS} pixels")
    return data, picture


def encode_picture(picture: Image.Image, output_format: str) -> bytes:
    """Encode as `png`, `jpeg` or `webp`, fast rather than small."""
    out = io.BytesIO()
    match output_format:
        case "jpeg":
            picture.save(out, "JPEG", quality=92, subsampling=0)
        case "webp":
            picture.save(out, "WEBP", quality=90, method=0)
        case _:
            picture.save(out, "PNG", compress_level=1)
    return out.getvalue()

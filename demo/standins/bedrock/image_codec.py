"""Converts images between base64 and pixels."""

import base64
import binascii
import io

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 50_000_000  # the stand-in's own limit; none is documented


class UnreadableImageError(Exception):
    """A field that should contain an image does not; the message says why."""


def decode_image(text: str, *, keep_alpha: bool = False) -> Image.Image:
    """Decode a JPEG, PNG or WebP image to RGB pixels, from strict base64 (no `data:` prefix, no line breaks).

    With `keep_alpha`, an image with transparency is decoded to RGBA. Raises UnreadableImageError.
    """
    _, image = open_image(text)
    try:
        return image.convert("RGBA" if keep_alpha and image.has_transparency_data else "RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableImageError("the image is damaged") from error


def open_image(text: str) -> tuple[bytes, Image.Image]:
    """Open a base64 image without decoding its pixels. Returns its bytes and the opened image.

    Raises UnreadableImageError.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableImageError("invalid base64") from error
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImageError("not a JPEG, PNG or WebP image") from error
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImageError(f"more than {MAX_PIXELS} pixels")
    return data, image


def encode_image(image: Image.Image, output_format: str) -> bytes:
    """Encode as `png`, `jpeg` or `webp`, for speed rather than size."""
    out = io.BytesIO()
    match output_format:
        case "jpeg":
            image.convert("RGB").save(out, "JPEG", quality=92, subsampling=0)
        case "webp":
            image.save(out, "WEBP", quality=90, method=0)
        case _:
            image.save(out, "PNG", compress_level=1)
    return out.getvalue()

"""The copies of pictures that a guardrail checks."""

import io
from typing import Final, Literal, NamedTuple

from PIL import Image

from shared.imaging.decoding import open_image
from shared.imaging.limits import DEFAULT_LIMITS
from shared.imaging.sniffing import ImageType
from shared.models import Bounds
from worker.imaging.preparation import prepare_image

MAX_BYTES: Final = 4_000_000
MAX_SIDE: Final = 8000
"""https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-mmfilter.html"""

_FORMATS: Final[dict[ImageType, Literal["png", "jpeg"]]] = {ImageType.PNG: "png", ImageType.JPEG: "jpeg"}

# Noise of this many pixels takes 3.9 MB as JPEG of the least quality.
_COPY_BOUNDS: Final = Bounds(min_side=1, max_pixels=4_000_000, max_aspect=100_000, max_side=MAX_SIDE)


class CheckCopy(NamedTuple):
    """A picture in a form that a guardrail reads."""

    format: Literal["png", "jpeg"]
    data: bytes


def make_check_copy(picture: bytes) -> CheckCopy:
    """Return a picture as it is, if a guardrail reads it, or else a JPEG of at most 4 megapixels.

    Raises `ImageRejectedError`.
    """
    opened = open_image(picture, DEFAULT_LIMITS)
    form = _FORMATS.get(opened.image_type)
    if form is not None and len(picture) <= MAX_BYTES and max(opened.image.size) <= MAX_SIDE:
        return CheckCopy(form, picture)
    return CheckCopy("jpeg", prepare_image(picture, _COPY_BOUNDS, "stretch", max_bytes=MAX_BYTES).data)


def make_grey_picture() -> bytes:
    """Make a picture that no filter objects to."""
    out = io.BytesIO()
    Image.new("RGB", (256, 256), "grey").save(out, "PNG")
    return out.getvalue()

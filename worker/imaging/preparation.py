"""Preparing the image that a person attached for a model."""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import Image

from shared.catalogue import Bounds, Size
from shared.imaging.colour_conversion import convert_to_srgb, make_resizable
from shared.imaging.decoding import OpenedImage, decode_pixels, open_image
from shared.imaging.fitting import choose_nearest_size, fit_to_bounds, is_too_narrow
from shared.imaging.limits import DEFAULT_LIMITS, Limits
from shared.imaging.pixels import rotate_upright
from shared.imaging.sniffing import ImageType
from worker.imaging.fitting import Box, compute_placement, pad_image

# Reducing by an integer factor first costs no visible quality at this gap and saves a quarter of the time.
_REDUCING_GAP: Final = 1.4
# Scaled down by this much or more, Hamming differs from Lanczos by no more than the JPEG encoding after it (43 dB and
# up, measured on grain and on a photograph), in 0.6 of bicubic's time. https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters
_HAMMING_MIN_SCALE: Final = 1.5
_QUALITIES: Final = (95, 90, 80, 60)

MAX_SENT_BYTES: Final = 18_700_000
"""The pictures of one request: AWS accepts a body of 25,000,000 bytes, of which base64 takes a quarter."""


@dataclass(frozen=True)
class PreparedImage:
    """A JPEG for the model (4:4:4, RGB, no metadata) and the image it came from. Sizes are upright."""

    data: bytes
    width: int
    height: int
    source_type: ImageType
    source_width: int
    source_height: int


def prepare_image(
    data: bytes,
    sizes: Sequence[Size] | Bounds,
    fit: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    max_bytes: int = MAX_SENT_BYTES,
) -> PreparedImage:
    """Fit the first frame of `data` into the nearest of `sizes` (width, height) by `fit`: crop, pad or stretch.

    With `Bounds` in place of sizes it keeps its own shape, unless that is beyond bounds that fit pictures, and its own
    size if that is within the bounds. The result is upright by EXIF, white where the image is transparent, in sRGB, and
    of at most `max_bytes`. Raises `ImageRejectedError`, and `ValueError` for an unknown fit or no sizes.
    """
    opened = open_image(data, limits)
    width, height = opened.upright_size
    if isinstance(sizes, Bounds):
        size = fit_to_bounds(sizes, width, height, fit)
        fit = fit if is_too_narrow(sizes, width, height) else "stretch"  # by less than a pixel
    else:
        size = choose_nearest_size(sizes, width, height)
    stored_size = (size[1], size[0]) if opened.is_sideways else size
    with _decode_and_resize(opened, stored_size, fit) as resized:
        drawn = rotate_upright(resized, opened.orientation)
        jpeg = encode_jpeg(pad_image(drawn, size), max_bytes)
    return PreparedImage(jpeg, *size, opened.image_type, width, height)


@contextmanager
def _decode_and_resize(opened: OpenedImage, target: Size, fit: str) -> Iterator[Image.Image]:
    """Decode no more than is needed, and convert after the resize: both are most expensive at full size.

    A picture that has its size already is not copied, and lasts until the block ends.
    """
    stored = opened.image.size
    box, drawn = compute_placement(stored, target, fit)
    needed = math.ceil(stored[0] * drawn[0] / (box[2] - box[0])), math.ceil(stored[1] * drawn[1] / (box[3] - box[1]))
    with ExitStack() as stack:
        pixels = stack.enter_context(decode_pixels(opened, needed))
        box, _ = compute_placement(pixels.frame, target, fit)
        resized = _resize(pixels.image, drawn, box)
        if resized is not pixels.image:
            del pixels
            stack.close()
        yield convert_to_srgb(resized, opened.colour, may_share=True)


def _resize(image: Image.Image, size: Size, box: Box) -> Image.Image:
    """Resize the part in `box` to `size`."""
    ready = make_resizable(image)
    if ready.size == size and box == (0, 0, *size):
        return ready
    gap = None if ready.mode.startswith("I") else _REDUCING_GAP
    scale = min((box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1])
    resampling = Image.Resampling.HAMMING if scale >= _HAMMING_MIN_SCALE else Image.Resampling.BICUBIC
    return ready.resize(size, resampling, box, gap)


def encode_jpeg(image: Image.Image, max_bytes: int) -> bytes:
    """Encode a JPEG of the best quality, up to 95, in which it takes at most `max_bytes`, or of the least one."""
    image.info = {}
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, subsampling="4:4:4")
        if out.tell() <= max_bytes:
            break
    return out.getvalue()

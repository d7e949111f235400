"""Thumbnails of images from anywhere."""

import io
from contextlib import suppress
from typing import Final

from PIL import Image

from bot.images.limits import STORED_IMAGE_LIMITS
from shared.imaging.colour_conversion import convert_to_srgb, make_resizable
from shared.imaging.decoding import decode_pixels, open_image
from shared.imaging.limits import ImageRejectedError, Limits
from shared.imaging.pixels import convert_sixteen_bit_grey, rotate_upright

THUMBNAIL_SIDE: Final = 512
"""Pixels of a stored thumbnail's longer side."""
_JPEG_QUALITY: Final = 85
_REDUCING_GAP: Final = 1.4
_WHOLE_FACTOR_GAP: Final = 1.0
"""Averages the pixels and resizes nothing: a tenth of the time, and less of a difference than the JPEG makes."""


def make_thumbnail(data: bytes, limits: Limits = STORED_IMAGE_LIMITS) -> bytes:
    """Scale a picture, by default a PNG, JPEG or WebP, down to a JPEG of at most 512 pixels a side, without metadata.

    It is upright by EXIF, white where the image is transparent, and shows the first frame of an animation; a smaller
    image keeps its size. It takes up to 400 MiB and belongs in a thread. Raises `ImageRejectedError` for other types,
    broken files, and images beyond `shared.imaging.limits`.
    """
    return encode_jpeg(LazyImage(data, THUMBNAIL_SIDE, limits).decode())


class LazyImage:
    """An image whose header is within the limits, scaled down when it is decoded.

    `size` is its width and height then, at most `max_side` on the longer side. Opening and decoding raise
    `ImageRejectedError`.
    """

    def __init__(self, data: bytes, max_side: int, limits: Limits = STORED_IMAGE_LIMITS) -> None:
        self._opened = open_image(data, limits)
        width, height = self._opened.image.size
        scale = min(1.0, max_side / max(width, height))
        self._stored_size = (max(1, round(scale * width)), max(1, round(scale * height)))
        self.size = self._stored_size[::-1] if self._opened.is_sideways else self._stored_size

    def decode(self) -> Image.Image:
        """Decode to RGB, at no higher resolution than needed. May be called once, as it releases the file's bytes."""
        with decode_pixels(self._opened, self._stored_size) as pixels:
            image = make_resizable(pixels.image)
            image = convert_sixteen_bit_grey(image) if image.mode.startswith("I") else image
            if image.size != self._stored_size:
                box = (0, 0, *pixels.frame)
                gap = _WHOLE_FACTOR_GAP if self._is_whole_factor(pixels.frame) else _REDUCING_GAP
                image = image.resize(self._stored_size, Image.Resampling.BICUBIC, box, reducing_gap=gap)
            image = convert_to_srgb(image, self._opened.colour)
        return rotate_upright(image, self._opened.orientation)

    def _is_whole_factor(self, frame: tuple[float, float]) -> bool:
        """Tell whether each pixel is the average of the same whole number of pixels, such as 1024 on 512."""
        (width, height), (small_width, small_height) = frame, self._stored_size
        factor, rest = divmod(width, small_width)
        return rest == 0 and height == factor * small_height


def open_thumbnail(data: bytes | None, max_side: int) -> LazyImage | None:
    """Open a stored thumbnail; None if there is none or its header is broken."""
    with suppress(ImageRejectedError):
        return None if data is None else LazyImage(data, max_side)
    return None


def encode_jpeg(image: Image.Image) -> bytes:
    """Encode at quality 85, without metadata."""
    image.info = {}
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()

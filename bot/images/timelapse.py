"""Time-lapses: an animation from an original image to its newest descendant.

The format is WebP, which Discord plays in attachments on every platform since 2025 (its engineering blog, "Modern Image
Formats at Discord: Supporting WebP and AVIF"). A GIF of the same images has 256 colours, eight times the bytes, and
takes Pillow twenty times the CPU.
"""

import io
import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from PIL import Image, ImageOps

from bot.images.canvas import BACKGROUND
from bot.images.marking import mark_image
from bot.images.thumbnail import THUMBNAIL_SIDE, LazyImage
from shared.imaging.xmp import SourceType

_Item = TypeVar("_Item")

_IMAGE_MILLISECONDS: Final = 1000
_LAST_IMAGE_MILLISECONDS: Final = 2500
_FADE_FRAME_MILLISECONDS: Final = 70
_MAX_IMAGES: Final = 48
_FILLING_RATIO: Final = 0.98
_MAX_FADE_FRAMES: Final = 4  # between two images; fewer if the total would exceed _MAX_FRAMES
_MAX_FRAMES: Final = 96


class _QualityLevel(NamedTuple):
    """Pixels of the longer side, WebP's quality, whether images fade into one another, and the share of them used."""

    max_side: int
    quality: int
    has_fades: bool
    image_ratio: float


_QUALITY_LEVELS: Final = (
    _QualityLevel(THUMBNAIL_SIDE, 80, has_fades=True, image_ratio=1),
    _QualityLevel(THUMBNAIL_SIDE, 60, has_fades=True, image_ratio=1),
    _QualityLevel(384, 60, has_fades=True, image_ratio=1),
    _QualityLevel(384, 50, has_fades=False, image_ratio=1),
    _QualityLevel(256, 40, has_fades=False, image_ratio=1),
    _QualityLevel(192, 30, has_fades=False, image_ratio=0.5),
    _QualityLevel(128, 20, has_fades=False, image_ratio=0.25),
)


def make_timelapse(thumbnails: Sequence[bytes], max_bytes: int) -> bytes:
    """Make an endless WebP animation of at most `max_bytes` from stored thumbnails, oldest first.

    Each is shown for a second and fades into the next, the last is shown for 2.5 s. All are fitted onto a canvas as
    wide and as high as the largest. Of more than 48 thumbnails an even sample is shown, always with the first and the
    last. For a low limit the quality is reduced first, then the size, the fades and the number of images. It takes one
    or two seconds of CPU, more for a low limit, and belongs in a thread. Raises `ValueError` for no thumbnails and for
    a limit that cannot be met, `ImageRejectedError` for a broken thumbnail.
    """
    if not thumbnails:
        raise ValueError("a time-lapse needs one or more thumbnails")
    images = [LazyImage(data, THUMBNAIL_SIDE).decode() for data in _sample_evenly(thumbnails, _MAX_IMAGES)]
    for level in _QUALITY_LEVELS:
        sample = _sample_evenly(images, max(2, round(len(images) * level.image_ratio)))
        data = _encode_animation(list(_fit_to_canvas(sample, level.max_side)), level)
        if len(data) <= max_bytes:
            return data
    raise ValueError(
        f"a time-lapse of {len(thumbnails)} images does not fit into {max_bytes} bytes: "
        f"they would be smaller than {_QUALITY_LEVELS[-1].max_side} pixels; raise the limit"
    )


def _sample_evenly(items: Sequence[_Item], max_count: int) -> list[_Item]:
    if len(items) <= max_count:
        return list(items)
    return [items[round(number * (len(items) - 1) / (max_count - 1))] for number in range(max_count)]


def _fit_to_canvas(images: Sequence[Image.Image], max_side: int) -> Iterator[Image.Image]:
    """Centre each image on a canvas as wide and as high as the largest, scaled to `max_side`.

    One that almost fills it is cropped to it: shapes that differ by a pixel must not leave a dark line.
    """
    scale = max_side / THUMBNAIL_SIDE
    size = tuple(max(1, round(scale * max(image.size[axis] for image in images))) for axis in (0, 1))
    for image in images:
        canvas = Image.new("RGB", (size[0], size[1]), BACKGROUND)
        fitted = ImageOps.contain(image, canvas.size)
        if all(side >= _FILLING_RATIO * whole for side, whole in zip(fitted.size, canvas.size, strict=True)):
            fitted = ImageOps.fit(image, canvas.size)
        canvas.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
        yield canvas


def _encode_animation(images: Sequence[Image.Image], level: _QualityLevel) -> bytes:
    fades = min(_MAX_FADE_FRAMES, _MAX_FRAMES // len(images) - 1) if level.has_fades else 0
    frames, durations = [images[0]], [_IMAGE_MILLISECONDS]
    for before, after in itertools.pairwise(images):
        frames += [Image.blend(before, after, step / (fades + 1)) for step in range(1, fades + 1)] + [after]
        durations += [_FADE_FRAME_MILLISECONDS] * fades + [_IMAGE_MILLISECONDS]
    durations[-1] = _LAST_IMAGE_MILLISECONDS
    out = io.BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=level.quality,
        method=2,
    )
    return mark_image(out.getvalue(), SourceType.FROM_PICTURE)

"""The way from an original to its newest picture as an animation.

WebP, as Discord plays it in attachments on every platform since 2025 (its engineering blog, "Modern Image Formats at
Discord: Supporting WebP and AVIF"); a GIF of the same pictures has 256 colours, eight times the bytes and takes Pillow
twenty times the CPU.
"""

import io
import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from PIL import Image, ImageOps

from bot.images.canvas import BACKGROUND
from bot.images.thumbnail import THUMBNAIL_SIDE, LazyImage

_Item = TypeVar("_Item")

_PICTURE_MILLISECONDS: Final = 1000  # milliseconds
_LAST_PICTURE_MILLISECONDS: Final = 2500
_FADE_FRAME_MILLISECONDS: Final = 70
_MAX_PICTURES: Final = 48
_MAX_FADE_FRAMES: Final = 4  # frames between two pictures, fewer where there would be more than _MOST_FRAMES
_MAX_FRAMES: Final = 96


class _QualityLevel(NamedTuple):
    """One try: pixels of the longer side, WebP's quality, whether there are fades, and the share of the pictures."""

    max_side: int
    quality: int
    has_fades: bool
    picture_ratio: float


_QUALITY_LEVELS: Final = (
    _QualityLevel(THUMBNAIL_SIDE, 80, has_fades=True, picture_ratio=1),
    _QualityLevel(THUMBNAIL_SIDE, 60, has_fades=True, picture_ratio=1),
    _QualityLevel(384, 60, has_fades=True, picture_ratio=1),
    _QualityLevel(384, 50, has_fades=False, picture_ratio=1),
    _QualityLevel(256, 40, has_fades=False, picture_ratio=1),
    _QualityLevel(192, 30, has_fades=False, picture_ratio=0.5),
    _QualityLevel(128, 20, has_fades=False, picture_ratio=0.25),
)


def make_timelapse(thumbnails: Sequence[bytes], max_bytes: int) -> bytes:
    """Make an endless WebP animation of stored thumbnails, oldest first, of at most `limit` bytes.

    Each is held for a second and fades into the next; the last is held for 2.5 s. All are fitted whole onto a canvas as
    wide and as high as the largest. Of more than 48 an even choice is shown, the first and the last always; under a
    low limit quality goes first, then size, fades and pictures. It takes a second or two of CPU, some more under a low
    limit, and belongs in a thread. Raises ValueError for no frames, a limit that nothing meets, and a picture that
    `thumbnail` refuses.
    """
    if not thumbnails:
        raise ValueError("there is nothing to show one after the other: no picture was given; give one or more")
    pictures = [LazyImage(frame, THUMBNAIL_SIDE).decode() for frame in _sample_evenly(thumbnails, _MAX_PICTURES)]
    for way in _QUALITY_LEVELS:
        shown = _sample_evenly(pictures, max(2, round(len(pictures) * way.picture_ratio)))
        data = _encode_animation(list(_fit_to_canvas(shown, way.max_side)), way)
        if len(data) <= max_bytes:
            return data
    raise ValueError(
        f"these {len(thumbnails)} pictures cannot be shown one after the other in {max_bytes} bytes: "
        f"they would be smaller than {_QUALITY_LEVELS[-1].max_side} pixels; ask for a higher limit"
    )


def _sample_evenly(items: Sequence[_Item], max_count: int) -> list[_Item]:
    if len(items) <= max_count:
        return list(items)
    return [items[round(number * (len(items) - 1) / (max_count - 1))] for number in range(max_count)]


def _fit_to_canvas(pictures: Sequence[Image.Image], max_side: int) -> Iterator[Image.Image]:
    """Centre each on a canvas as wide and as high as the largest, none over `side` pixels."""
    scale = max_side / THUMBNAIL_SIDE
    size = tuple(max(1, round(scale * max(picture.size[axis] for picture in pictures))) for axis in (0, 1))
    for picture in pictures:
        canvas = Image.new("RGB", (size[0], size[1]), BACKGROUND)
        fitted = ImageOps.contain(picture, canvas.size)
        canvas.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
        yield canvas


def _encode_animation(pictures: Sequence[Image.Image], level: _QualityLevel) -> bytes:
    fades = min(_MAX_FADE_FRAMES, _MAX_FRAMES // len(pictures) - 1) if level.has_fades else 0
    frames, durations = [pictures[0]], [_PICTURE_MILLISECONDS]
    for before, after in itertools.pairwise(pictures):
        frames += [Image.blend(before, after, step / (fades + 1)) for step in range(1, fades + 1)] + [after]
        durations += [_FADE_FRAME_MILLISECONDS] * fades + [_PICTURE_MILLISECONDS]
    durations[-1] = _LAST_PICTURE_MILLISECONDS
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
    return out.getvalue()

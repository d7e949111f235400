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

from bot.sheets.drawing import GROUND
from bot.sheets.reading import THUMBNAIL_SIDE, Picture

_Item = TypeVar("_Item")

_HOLD: Final = 1000  # milliseconds
_HOLD_LAST: Final = 2500
_FADE: Final = 70
_MOST_PICTURES: Final = 48
_MOST_FADES: Final = 4  # frames between two pictures, fewer where there would be more than _MOST_FRAMES
_MOST_FRAMES: Final = 96


class _Way(NamedTuple):
    """One try: pixels of the longer side, WebP's quality, whether there are fades, and the share of the pictures."""

    side: int
    quality: int
    faded: bool
    share: float


_WAYS: Final = (
    _Way(THUMBNAIL_SIDE, 80, faded=True, share=1),
    _Way(THUMBNAIL_SIDE, 60, faded=True, share=1),
    _Way(384, 60, faded=True, share=1),
    _Way(384, 50, faded=False, share=1),
    _Way(256, 40, faded=False, share=1),
    _Way(192, 30, faded=False, share=0.5),
    _Way(128, 20, faded=False, share=0.25),
)


def timelapse(frames: Sequence[bytes], limit: int) -> bytes:
    """Make an endless WebP animation of stored thumbnails, oldest first, of at most `limit` bytes.

    Each is held for a second and fades into the next; the last is held for 2.5 s. All are fitted whole onto a canvas as
    wide and as high as the largest. Of more than 48 an even choice is shown, the first and the last always; under a
    low limit quality goes first, then size, fades and pictures. It takes a second or two of CPU, some more under a low
    limit, and belongs in a thread. Raises ValueError for no frames, a limit that nothing meets, and a picture that
    `thumbnail` refuses.
    """
    if not frames:
        raise ValueError("there is nothing to show one after the other: no picture was given; give one or more")
    pictures = [Picture(frame, THUMBNAIL_SIDE).pixels() for frame in _even(frames, _MOST_PICTURES)]
    for way in _WAYS:
        shown = _even(pictures, max(2, round(len(pictures) * way.share)))
        data = _animated(list(_fitted(shown, way.side)), way)
        if len(data) <= limit:
            return data
    raise ValueError(
        f"these {len(frames)} pictures cannot be shown one after the other in {limit} bytes: they would be smaller "
        f"than {_WAYS[-1].side} pixels; ask for a higher limit"
    )


def _even(items: Sequence[_Item], most: int) -> list[_Item]:
    if len(items) <= most:
        return list(items)
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def _fitted(pictures: Sequence[Image.Image], side: int) -> Iterator[Image.Image]:
    """Centre each on a canvas as wide and as high as the largest, none over `side` pixels."""
    scale = side / THUMBNAIL_SIDE
    size = tuple(max(1, round(scale * max(picture.size[axis] for picture in pictures))) for axis in (0, 1))
    for picture in pictures:
        canvas = Image.new("RGB", (size[0], size[1]), GROUND)
        fitted = ImageOps.contain(picture, canvas.size)
        canvas.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
        yield canvas


def _animated(pictures: Sequence[Image.Image], way: _Way) -> bytes:
    fades = min(_MOST_FADES, _MOST_FRAMES // len(pictures) - 1) if way.faded else 0
    frames, durations = [pictures[0]], [_HOLD]
    for before, after in itertools.pairwise(pictures):
        frames += [Image.blend(before, after, step / (fades + 1)) for step in range(1, fades + 1)] + [after]
        durations += [_FADE] * fades + [_HOLD]
    durations[-1] = _HOLD_LAST
    out = io.BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=way.quality,
        method=2,
    )
    return out.getvalue()

"""Any picture becomes a thumbnail, and a thumbnail pixels; nothing is decoded before it was found small enough."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Final

from PIL import ExifTags, Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from shared.pictures import PictureType, jpeg_has_more_scans, png_chunk_count, sniff

THUMBNAIL_SIDE: Final = 512
"""Pixels of a stored thumbnail's longer side."""
_SIDEWAYS: Final = range(5, 9)
_WHITE: Final = (255, 255, 255)
_MEGAPIXEL: Final = 1_000_000
# Called by their classes, so that no other of Pillow's formats (EPS, TIFF) can be reached.
_DECODERS: Final[Mapping[PictureType, Callable[[io.BytesIO], ImageFile]]] = MappingProxyType(
    {PictureType.PNG: PngImageFile, PictureType.JPEG: JpegImageFile, PictureType.WEBP: WebPImageFile}
)
# Pillow takes at its peak 2 to 8 bytes a pixel of a JPEG, 4 to 12 of a PNG, 16 of a WebP: 400 MiB at most.
_MOST_PIXELS: Final[Mapping[PictureType, int]] = MappingProxyType(
    {
        PictureType.PNG: 25 * _MEGAPIXEL,
        PictureType.JPEG: 50 * _MEGAPIXEL,
        PictureType.WEBP: 25 * _MEGAPIXEL,
    }
)
_MOST_CHUNKS: Final = 10_000
_MOST_SCANS: Final = 24  # libjpeg writes 10, 18 for CMYK; each is a pass over all pixels
_MOST_READS: Final = 50_000


def thumbnail(picture: bytes) -> bytes:
    """Make a JPEG of at most 512 pixels on the longer side, without metadata, of a PNG, JPEG or WebP from anywhere.

    Upright by EXIF, transparency on white, an animation's first frame; a smaller picture keeps its size. It takes at
    most about 400 MiB and belongs in a thread. Raises ValueError for what is none of the three, is broken, or has more
    than 50 megapixels (JPEG) or 25 (PNG, WebP).
    """
    return jpeg(Picture(picture, THUMBNAIL_SIDE).pixels())


class Picture:
    """A picture whose header was read and found small enough; its pixels are decoded when they are asked for.

    `size` is the width and height that they will have, at most `side` on the longer side. Both the making and
    `pixels` raise ValueError as `thumbnail` does.
    """

    def __init__(self, picture: bytes, side: int) -> None:
        kind = sniff(picture[:512])
        decoder = _DECODERS.get(kind) if kind else None
        if kind is None or decoder is None:
            raise _refused("its bytes are no PNG, JPEG or WebP; make it one of these")
        if (kind is PictureType.PNG and png_chunk_count(picture, _MOST_CHUNKS) > _MOST_CHUNKS) or (
            kind is PictureType.JPEG and jpeg_has_more_scans(picture, _MOST_SCANS)
        ):
            raise _refused(f"this {kind.name} is made of more pieces than any picture needs; save it anew")
        with _in_words():
            self._opened = decoder(_Bounded(picture))
        _check_size(self._opened, kind)
        scale = min(1.0, side / max(self._opened.size))
        self._stored = (max(1, round(scale * self._opened.width)), max(1, round(scale * self._opened.height)))
        self.size = self._stored[::-1] if _orientation(self._opened) in _SIDEWAYS else self._stored

    def pixels(self) -> Image.Image:
        """Decode to RGB, and no more of it than the size needs; once, as the bytes are let go."""
        with _in_words(), self._opened as opened:
            drafted = opened.draft(None, self._stored)
            opened.load()
            image = _mixable(opened)
            if image.size != self._stored:
                box = drafted[1] if drafted else None
                image = image.resize(self._stored, Image.Resampling.BICUBIC, box, reducing_gap=1.4)
            if _orientation(opened) > 1:
                ImageOps.exif_transpose(image, in_place=True)
            return _on_white(image)


def stored(picture: bytes | None, side: int) -> Picture | None:
    """Open a stored thumbnail; None where there is none, or where that is seen to be broken before it is decoded."""
    with suppress(_NotShown):
        return None if picture is None else Picture(picture, side)
    return None


def jpeg(image: Image.Image) -> bytes:
    """Encode at quality 85, without metadata."""
    image.info = {}
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


class _NotShown(ValueError):
    """A picture that is refused, in words."""


@contextmanager
def _in_words() -> Iterator[None]:
    """Whatever a decoder raises about broken bytes becomes a refusal."""
    try:
        yield
    except _NotShown:
        raise
    except Exception as error:
        raise _refused(f"its bytes are broken ({error}); make it again") from error


def _refused(why: str) -> _NotShown:
    return _NotShown(f"this picture cannot be shown small: {why}")


class _Bounded(io.BytesIO):
    """What Pillow reads from; a file of a million empty pieces ends at a bound."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > _MOST_READS:
            raise _refused("it is made of more pieces than any picture needs; save it anew")
        return super().read(size)


def _check_size(opened: ImageFile, kind: PictureType) -> None:
    most = _MOST_PIXELS[kind]
    if opened.width * opened.height > most:
        raise _refused(
            f"{opened.width} x {opened.height} are more than the {most // _MEGAPIXEL} megapixels "
            f"that are read of a {kind.name}; send a smaller one"
        )


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image, mask=image)
    return ground


def _mixable(image: Image.Image) -> Image.Image:
    """Return a mode whose values may be averaged; 65535 of 16 bits becomes 255, where Pillow's conversion clips."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _orientation(opened: ImageFile) -> int:
    """EXIF's tag 0x0112, 1 to 8 (CIPA DC-008); 1, which is upright, when there is none or it is nonsense."""
    if "exif" in opened.info:
        with suppress(Exception):  # a picture is not refused for the words beside it, and these may raise anything
            found = opened.getexif().get(ExifTags.Base.Orientation, 1)
            return found if found in range(1, 9) else 1
    return 1

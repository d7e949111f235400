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

from shared.errors import PentimentoError
from shared.imaging.metadata import ImageType, count_png_chunks, has_more_scans_than, sniff_image_type

THUMBNAIL_SIDE: Final = 512
"""Pixels of a stored thumbnail's longer side."""
_ROTATED_ORIENTATIONS: Final = range(5, 9)
_WHITE: Final = (255, 255, 255)
_MEGAPIXEL: Final = 1_000_000
# Called by their classes, so that no other of Pillow's formats (EPS, TIFF) can be reached.
_DECODERS: Final[Mapping[ImageType, Callable[[io.BytesIO], ImageFile]]] = MappingProxyType(
    {ImageType.PNG: PngImageFile, ImageType.JPEG: JpegImageFile, ImageType.WEBP: WebPImageFile}
)
# Pillow takes at its peak 2 to 8 bytes a pixel of a JPEG, 4 to 12 of a PNG, 16 of a WebP: 400 MiB at most.
_MAX_PIXELS: Final[Mapping[ImageType, int]] = MappingProxyType(
    {
        ImageType.PNG: 25 * _MEGAPIXEL,
        ImageType.JPEG: 50 * _MEGAPIXEL,
        ImageType.WEBP: 25 * _MEGAPIXEL,
    }
)
_MAX_PNG_CHUNKS: Final = 10_000
_MAX_JPEG_SCANS: Final = 24  # libjpeg writes 10, 18 for CMYK; each is a pass over all pixels
_MAX_READS: Final = 50_000


def make_thumbnail(data: bytes) -> bytes:
    """Make a JPEG of at most 512 pixels on the longer side, without metadata, of a PNG, JPEG or WebP from anywhere.

    Upright by EXIF, transparency on white, an animation's first frame; a smaller picture keeps its size. It takes at
    most about 400 MiB and belongs in a thread. Raises ValueError for what is none of the three, is broken, or has more
    than 50 megapixels (JPEG) or 25 (PNG, WebP).
    """
    return encode_jpeg(LazyImage(data, THUMBNAIL_SIDE).decode())


class LazyImage:
    """A picture whose header was read and found small enough; its pixels are decoded when they are asked for.

    `size` is the width and height that they will have, at most `side` on the longer side. Both the making and
    `pixels` raise ValueError as `thumbnail` does.
    """

    def __init__(self, data: bytes, max_side: int) -> None:
        kind = sniff_image_type(data[:512])
        decoder = _DECODERS.get(kind) if kind else None
        if kind is None or decoder is None:
            raise _build_error("its bytes are no PNG, JPEG or WebP; make it one of these")
        if (kind is ImageType.PNG and count_png_chunks(data, _MAX_PNG_CHUNKS) > _MAX_PNG_CHUNKS) or (
            kind is ImageType.JPEG and has_more_scans_than(data, _MAX_JPEG_SCANS)
        ):
            raise _build_error(f"this {kind.name} is made of more pieces than any picture needs; save it anew")
        with _translate_decoder_errors():
            self._file = decoder(_BoundedReader(data))
        _check_size(self._file, kind)
        scale = min(1.0, max_side / max(self._file.size))
        self._unrotated_size = (max(1, round(scale * self._file.width)), max(1, round(scale * self._file.height)))
        self.size = (
            self._unrotated_size[::-1]
            if _read_orientation(self._file) in _ROTATED_ORIENTATIONS
            else self._unrotated_size
        )

    def decode(self) -> Image.Image:
        """Decode to RGB, and no more of it than the size needs; once, as the bytes are let go."""
        with _translate_decoder_errors(), self._file as opened:
            drafted = opened.draft(None, self._unrotated_size)
            opened.load()
            image = _convert_to_resizable_mode(opened)
            if image.size != self._unrotated_size:
                box = drafted[1] if drafted else None
                image = image.resize(self._unrotated_size, Image.Resampling.BICUBIC, box, reducing_gap=1.4)
            if _read_orientation(opened) > 1:
                ImageOps.exif_transpose(image, in_place=True)
            return _flatten_on_white(image)


def open_thumbnail(data: bytes | None, max_side: int) -> LazyImage | None:
    """Open a stored thumbnail; None where there is none, or where that is seen to be broken before it is decoded."""
    with suppress(UnreadableImageError):
        return None if data is None else LazyImage(data, max_side)
    return None


def encode_jpeg(image: Image.Image) -> bytes:
    """Encode at quality 85, without metadata."""
    image.info = {}
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


class UnreadableImageError(PentimentoError, ValueError):
    """A picture that is refused, in words."""


@contextmanager
def _translate_decoder_errors() -> Iterator[None]:
    """Whatever a decoder raises about broken bytes becomes a refusal."""
    try:
        yield
    except UnreadableImageError:
        raise
    except Exception as error:
        raise _build_error(f"its bytes are broken ({error}); make it again") from error


def _build_error(reason: str) -> UnreadableImageError:
    return UnreadableImageError(f"this picture cannot be shown small: {reason}")


class _BoundedReader(io.BytesIO):
    """What Pillow reads from; a file of a million empty pieces ends at a bound."""

    read_count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.read_count += 1
        if self.read_count > _MAX_READS:
            raise _build_error("it is made of more pieces than any picture needs; save it anew")
        return super().read(size)


def _check_size(opened: ImageFile, kind: ImageType) -> None:
    most = _MAX_PIXELS[kind]
    if opened.width * opened.height > most:
        raise _build_error(
            f"{opened.width} x {opened.height} are more than the {most // _MEGAPIXEL} megapixels "
            f"that are read of a {kind.name}; send a smaller one"
        )


def _flatten_on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image, mask=image)
    return ground


def _convert_to_resizable_mode(image: Image.Image) -> Image.Image:
    """Return a mode whose values may be averaged; 65535 of 16 bits becomes 255, where Pillow's conversion clips."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _read_orientation(opened: ImageFile) -> int:
    """EXIF's tag 0x0112, 1 to 8 (CIPA DC-008); 1, which is upright, when there is none or it is nonsense."""
    if "exif" in opened.info:
        with suppress(Exception):  # a picture is not refused for the words beside it, and these may raise anything
            found = opened.getexif().get(ExifTags.Base.Orientation, 1)
            return found if found in range(1, 9) else 1
    return 1

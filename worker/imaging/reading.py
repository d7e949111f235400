"""Bytes become an opened picture; its pixels are not decoded before every limit has been checked."""

import io
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags, features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from shared.pictures import PictureType, jpeg_has_more_scans, png_chunk_count, sniff
from worker.imaging.limits import Code, Limits, PictureRefused

# One decoder for each type, called by its class: no other of Pillow's formats (EPS, TIFF) can be reached, its size
# check cannot warn where ours refuses, and HEIC needs no registration for the whole process.
_DECODERS: Final[dict[PictureType, Callable[[io.BytesIO], ImageFile]]] = {
    PictureType.PNG: PngImageFile,
    PictureType.JPEG: JpegImageFile,
    PictureType.WEBP: WebPImageFile,
    PictureType.GIF: GifImageFile,
}
if features.check("avif"):
    _DECODERS[PictureType.AVIF] = AvifImageFile
try:
    from pi_heif import HeifImageFile
except ImportError:
    pass  # the optional extra `heif`
else:
    _DECODERS[PictureType.HEIC] = HeifImageFile

_WARNINGS: Final = threading.Lock()
_CUT_SHORT: Final = re.compile("truncated|cut short", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """A picture whose header has been read and found within the limits."""

    image: ImageFile
    type: PictureType
    orientation: int
    """EXIF's tag 0x0112, 1 to 8 (CIPA DC-008); 1, which is upright, when there is none or it is nonsense."""


class _Paced(io.BytesIO):
    """What Pillow reads from; it stops answering when a file keeps asking."""

    def __init__(self, data: bytes, kind: PictureType, limits: Limits) -> None:
        super().__init__(data)
        self._kind = kind.name
        self._limits = limits
        self._reads = 0
        self._start = time.thread_time()

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > self._limits.max_reads:
            raise PictureRefused("too_many_chunks", type=self._kind, limit=self._limits.max_reads)
        if time.thread_time() - self._start > self._limits.max_seconds:
            raise PictureRefused("too_slow", type=self._kind, limit=round(self._limits.max_seconds))
        return super().read(size)


@contextmanager
def decoding(kind: PictureType) -> Iterator[None]:
    """Whatever a decoder raises about hostile or broken bytes becomes PictureRefused. MemoryError is not about them."""
    try:
        yield
    except (PictureRefused, MemoryError):
        raise
    except Exception as error:
        code: Code = "truncated" if _CUT_SHORT.search(str(error)) else "unreadable"
        raise PictureRefused(code, type=kind.name) from error


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Broken EXIF makes Pillow warn, which is nothing to an operator; the filters are the process's, hence the lock."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_picture(data: bytes, limits: Limits) -> Opened:
    """Read the header and hold it against the limits. Raises PictureRefused."""
    if len(data) > limits.max_bytes:
        raise PictureRefused("too_large", size=_mebibytes(len(data)), limit=_mebibytes(limits.max_bytes))
    kind = sniff(data[:512])
    decoder = _DECODERS.get(kind) if kind else None
    if kind is PictureType.HEIC and not decoder:
        raise PictureRefused("heif_missing")
    if not kind or not decoder:
        raise PictureRefused("unsupported_type", accepted=", ".join(known.name for known in _DECODERS))
    if kind is PictureType.PNG and png_chunk_count(data, limits.max_png_chunks) > limits.max_png_chunks:
        raise PictureRefused("too_many_chunks", type=kind.name, limit=limits.max_png_chunks)
    if kind is PictureType.JPEG and jpeg_has_more_scans(data, limits.max_scans):
        raise PictureRefused("too_many_chunks", type=kind.name, limit=limits.max_scans)
    if kind is PictureType.WEBP and int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise PictureRefused("truncated", type=kind.name)
    with decoding(kind), _without_warnings():
        image = decoder(_Paced(data, kind, limits))
        orientation = _orientation(image)
    _check_size(image, kind, len(data), limits)
    return Opened(image, kind, orientation)


def _mebibytes(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"


def _check_size(image: ImageFile, kind: PictureType, length: int, limits: Limits) -> None:
    width, height = image.size
    pixels, limit = width * height, limits.max_pixels[kind]
    if pixels > limit:
        megapixels = f"{limit / 1_000_000:g} MP"
        raise PictureRefused("too_many_pixels", type=kind.name, width=width, height=height, limit=megapixels)
    if min(width, height) < limits.min_side:
        raise PictureRefused("too_small", width=width, height=height, limit=limits.min_side)
    if kind is PictureType.JPEG and length * 1_000_000 < pixels * limits.min_bytes_per_megapixel:
        raise PictureRefused("truncated", type=kind.name)


def _orientation(image: ImageFile) -> int:
    if "exif" not in image.info:
        return 1
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - a picture is not refused for the words beside it, and these may raise anything
        return 1
    return orientation if orientation in range(1, 9) else 1

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

from shared.imaging.limits import ImageRejectedError, Limits, RejectionCode
from shared.imaging.metadata import ImageType, count_png_chunks, has_more_scans_than, sniff_image_type

# One decoder for each type, called by its class: no other of Pillow's formats (EPS, TIFF) can be reached, its size
# check cannot warn where ours refuses, and HEIC needs no registration for the whole process.
_DECODERS: Final[dict[ImageType, Callable[[io.BytesIO], ImageFile]]] = {
    ImageType.PNG: PngImageFile,
    ImageType.JPEG: JpegImageFile,
    ImageType.WEBP: WebPImageFile,
    ImageType.GIF: GifImageFile,
}
if features.check("avif"):
    _DECODERS[ImageType.AVIF] = AvifImageFile
try:
    from pi_heif import HeifImageFile
except ImportError:
    pass  # the optional extra `heif`
else:
    _DECODERS[ImageType.HEIC] = HeifImageFile

_WARNINGS_LOCK: Final = threading.Lock()
_TRUNCATED_MESSAGE: Final = re.compile("truncated|cut short", re.IGNORECASE)


@dataclass(frozen=True)
class OpenedImage:
    """A picture whose header has been read and found within the limits."""

    image: ImageFile
    image_type: ImageType
    orientation: int
    """EXIF's tag 0x0112, 1 to 8 (CIPA DC-008); 1, which is upright, when there is none or it is nonsense."""


class _LimitedReader(io.BytesIO):
    """What Pillow reads from; it stops answering when a file keeps asking."""

    def __init__(self, data: bytes, kind: ImageType, limits: Limits) -> None:
        super().__init__(data)
        self._kind = kind.name
        self._limits = limits
        self._reads = 0
        self._start = time.thread_time()

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > self._limits.max_reads:
            raise ImageRejectedError("too_many_chunks", type=self._kind, limit=self._limits.max_reads)
        if time.thread_time() - self._start > self._limits.max_seconds:
            raise ImageRejectedError("too_slow", type=self._kind, limit=round(self._limits.max_seconds))
        return super().read(size)


@contextmanager
def translate_decoder_errors(kind: ImageType) -> Iterator[None]:
    """Whatever a decoder raises about hostile or broken bytes becomes PictureRefused. MemoryError is not about them."""
    try:
        yield
    except (ImageRejectedError, MemoryError):
        raise
    except Exception as error:
        code: RejectionCode = "truncated" if _TRUNCATED_MESSAGE.search(str(error)) else "unreadable"
        raise ImageRejectedError(code, type=kind.name) from error


@contextmanager
def _suppress_warnings() -> Iterator[None]:
    """Broken EXIF makes Pillow warn, which is nothing to an operator; the filters are the process's, hence the lock."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_image(data: bytes, limits: Limits) -> OpenedImage:
    """Read the header and hold it against the limits. Raises PictureRefused."""
    if len(data) > limits.max_bytes:
        raise ImageRejectedError(
            "too_large", size=_format_mebibytes(len(data)), limit=_format_mebibytes(limits.max_bytes)
        )
    kind = sniff_image_type(data[:512])
    decoder = _DECODERS.get(kind) if kind else None
    if kind is ImageType.HEIC and not decoder:
        raise ImageRejectedError("heif_missing")
    if not kind or not decoder:
        raise ImageRejectedError("unsupported_type", accepted=", ".join(known.name for known in _DECODERS))
    if kind is ImageType.PNG and count_png_chunks(data, limits.max_png_chunks) > limits.max_png_chunks:
        raise ImageRejectedError("too_many_chunks", type=kind.name, limit=limits.max_png_chunks)
    if kind is ImageType.JPEG and has_more_scans_than(data, limits.max_scans):
        raise ImageRejectedError("too_many_chunks", type=kind.name, limit=limits.max_scans)
    if kind is ImageType.WEBP and int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise ImageRejectedError("truncated", type=kind.name)
    with translate_decoder_errors(kind), _suppress_warnings():
        image = decoder(_LimitedReader(data, kind, limits))
        orientation = _read_orientation(image)
    _check_size(image, kind, len(data), limits)
    return OpenedImage(image, kind, orientation)


def _format_mebibytes(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"


def _check_size(image: ImageFile, kind: ImageType, length: int, limits: Limits) -> None:
    width, height = image.size
    pixels, limit = width * height, limits.max_pixels[kind]
    if pixels > limit:
        megapixels = f"{limit / 1_000_000:g} MP"
        raise ImageRejectedError("too_many_pixels", type=kind.name, width=width, height=height, limit=megapixels)
    if min(width, height) < limits.min_side:
        raise ImageRejectedError("too_small", width=width, height=height, limit=limits.min_side)
    if kind is ImageType.JPEG and length * 1_000_000 < pixels * limits.min_bytes_per_megapixel:
        raise ImageRejectedError("truncated", type=kind.name)


def _read_orientation(image: ImageFile) -> int:
    if "exif" not in image.info:
        return 1
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - a picture is not refused for the words beside it, and these may raise anything
        return 1
    return orientation if orientation in range(1, 9) else 1

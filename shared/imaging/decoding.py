"""Opening images from strangers: every limit is checked before pixels are decoded."""

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

from shared.imaging.file_structure import count_png_chunks, has_more_scans_than
from shared.imaging.limits import ImageRejectedError, Limits, RejectionCode
from shared.imaging.sniffing import ImageType, sniff_image_type

# One decoder for each type, called by its class: no other format of Pillow (EPS, TIFF) can be reached, Pillow's own
# size check does not warn where ours rejects, and HEIC needs no registration for the whole process.
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

_SNIFFED_BYTES: Final = 512
_UPRIGHT: Final = 1
_FIRST_SIDEWAYS_ORIENTATION: Final = 5
_LAST_ORIENTATION: Final = 8
_TRUNCATED_MESSAGE: Final = re.compile("truncated|cut short", re.IGNORECASE)
_WARNINGS_LOCK: Final = threading.Lock()


@dataclass(frozen=True)
class OpenedImage:
    """An image whose header is within the limits. Its pixels are not decoded yet."""

    image: ImageFile
    image_type: ImageType
    orientation: int
    """EXIF's tag 0x0112, 1 to 8 (CIPA DC-008); 1, which is upright, if there is none or it is invalid."""

    @property
    def is_sideways(self) -> bool:
        """Whether width and height are exchanged when the image is upright."""
        return self.orientation >= _FIRST_SIDEWAYS_ORIENTATION

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels when the image is upright. Read it before the pixels are decoded."""
        width, height = self.image.size
        return (height, width) if self.is_sideways else (width, height)


class _LimitedReader(io.BytesIO):
    """The file that Pillow reads from. Reads fail after a number of them, or after some CPU time."""

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


def open_image(data: bytes, limits: Limits) -> OpenedImage:
    """Read the header of an image and check it against the limits. Raises `ImageRejectedError`."""
    if len(data) > limits.max_bytes:
        raise ImageRejectedError(
            "too_large", size=_format_mebibytes(len(data)), limit=_format_mebibytes(limits.max_bytes)
        )
    kind = sniff_image_type(data[:_SNIFFED_BYTES])
    decoder = _DECODERS.get(kind) if kind and kind in limits.types else None
    if kind is ImageType.HEIC and kind in limits.types and not decoder:
        raise ImageRejectedError("heif_missing")
    if not kind or not decoder:
        accepted = ", ".join(known.name for known in _DECODERS if known in limits.types)
        raise ImageRejectedError("unsupported_type", accepted=accepted)
    _check_structure(data, kind, limits)
    with translate_decoder_errors(kind), _suppress_warnings():
        image = decoder(_LimitedReader(data, kind, limits))
        orientation = _read_orientation(image)
    _check_size(image, kind, len(data), limits)
    return OpenedImage(image, kind, orientation)


@contextmanager
def translate_decoder_errors(kind: ImageType) -> Iterator[None]:
    """Raise `ImageRejectedError` in place of any error that a decoder raises about broken or hostile data.

    A `MemoryError` passes: it is not about the data.
    """
    try:
        yield
    except (ImageRejectedError, MemoryError):
        raise
    except Exception as error:
        code: RejectionCode = "truncated" if _TRUNCATED_MESSAGE.search(str(error)) else "unreadable"
        raise ImageRejectedError(code, type=kind.name) from error


@contextmanager
def _suppress_warnings() -> Iterator[None]:
    """Suppress Pillow's warnings about broken EXIF. The filters belong to the whole process, hence the lock."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_structure(data: bytes, kind: ImageType, limits: Limits) -> None:
    if kind is ImageType.PNG and count_png_chunks(data, limits.max_png_chunks) > limits.max_png_chunks:
        raise ImageRejectedError("too_many_chunks", type=kind.name, limit=limits.max_png_chunks)
    if kind is ImageType.JPEG and has_more_scans_than(data, limits.max_scans):
        raise ImageRejectedError("too_many_chunks", type=kind.name, limit=limits.max_scans)
    if kind is ImageType.WEBP and int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise ImageRejectedError("truncated", type=kind.name)


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
        return _UPRIGHT
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
    except Exception:  # noqa: BLE001 - broken EXIF may raise anything, and is no reason to reject an image
        return _UPRIGHT
    return orientation if orientation in range(_UPRIGHT, _LAST_ORIENTATION + 1) else _UPRIGHT


def _format_mebibytes(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"

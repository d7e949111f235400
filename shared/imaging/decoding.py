"""Opening images from strangers: every limit is checked before pixels are decoded."""

import io
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from PIL import ExifTags, Image, features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from shared.imaging.colour_spaces import ColourSpace
from shared.imaging.decode_memory import (
    estimate_bytes_per_pixel,
    estimate_coefficient_bytes,
    estimate_file_bytes,
    take_turn,
)
from shared.imaging.embedded_colour import read_nclx_colour, read_png_colour, read_profile_colour
from shared.imaging.file_structure import count_png_chunks, has_more_scans_than
from shared.imaging.limits import ImageRejectedError, Limits, RejectionCode
from shared.imaging.png_chunks import PngParts, split_png
from shared.imaging.sniffing import ImageType, sniff_image_type


class _LeanWebPImageFile(WebPImageFile):
    """Releases libwebp's canvases, 8 bytes per pixel, before Pillow allocates its own image."""

    def load_prepare(self) -> None:
        self._decoder = None
        super().load_prepare()


class _LeanAvifImageFile(AvifImageFile):
    """Releases libavif's planes before Pillow allocates its own image."""

    def load_prepare(self) -> None:
        self._decoder = None
        super().load_prepare()


# One decoder for each type, called by its class: no other format of Pillow (EPS, TIFF) can be reached, Pillow's own
# size check does not warn where ours rejects, and HEIC needs no registration for the whole process.
_DECODERS: Final[dict[ImageType, Callable[[io.BytesIO], ImageFile]]] = {
    ImageType.PNG: PngImageFile,
    ImageType.JPEG: JpegImageFile,
    ImageType.WEBP: _LeanWebPImageFile,
    ImageType.GIF: GifImageFile,
}
if features.check("avif"):
    _DECODERS[ImageType.AVIF] = _LeanAvifImageFile
try:
    from pi_heif import HeifImageFile
except ImportError:
    pass  # the optional extra `heif`
else:
    _DECODERS[ImageType.HEIC] = HeifImageFile

_SNIFFED_BYTES: Final = 512
_MEGAPIXEL: Final = 1_000_000
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
    """EXIF's tag 0x0112, 1 to 8 (CIPA DC-008); 1, which is upright, if there is none or it is invalid.

    It counts in every type, in WebP and PNG as in JPEG: phones, galleries and converters copy the tag along with the
    pixels and show them by it. Of browsers, Chromium ignores it in WebP alone, so a WebP can be upright here and lie on
    its side in Discord; a model should see the scene as it was photographed.
    """
    colour: ColourSpace | None
    """How to read its colours; None for sRGB."""
    length: int
    """Bytes of the file."""
    bytes_per_pixel: float
    """Peak memory of decoding, per decoded pixel."""
    limits: Limits

    @property
    def is_sideways(self) -> bool:
        """Whether width and height are exchanged when the image is upright."""
        return self.orientation >= _FIRST_SIDEWAYS_ORIENTATION

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels when the image is upright. Read it before the pixels are decoded."""
        width, height = self.image.size
        return (height, width) if self.is_sideways else (width, height)


class DecodedPixels(NamedTuple):
    """The pixels of an image, and the width and height that they cover, which a draft rounds up."""

    image: Image.Image
    frame: tuple[float, float]


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
    png = _split_png(data) if kind is ImageType.PNG else None
    with translate_decoder_errors(kind), _suppress_warnings():
        image = decoder(_LimitedReader(png.pixels if png else data, kind, limits))
        orientation = _read_orientation(image)
    _check_size(image, kind, len(data), limits)
    colour = _read_colour(image, kind, data, png)
    bytes_per_pixel = estimate_bytes_per_pixel(image, kind, data)
    opened = OpenedImage(image, kind, orientation, colour, len(data), bytes_per_pixel, limits)
    if kind is ImageType.JPEG:
        _check_scans(image, data, limits)
    else:  # the size of a JPEG is decided by its draft
        _check_memory(opened, image.size)
    return opened


@contextmanager
def decode_pixels(opened: OpenedImage, needed: tuple[int, int] | None = None) -> Iterator[DecodedPixels]:
    """Decode an image, a JPEG at no higher resolution than `needed` (width and height as stored; None for all of it).

    Areas outside the first frame of a GIF are transparent. One large image is decoded at a time in this process, and
    its pixels are released when the block ends. It may be used once. Raises `ImageRejectedError`, also for errors in
    the block.
    """
    image, kind, size = opened.image, opened.image_type, opened.image.size
    with translate_decoder_errors(kind):
        drafted = image.draft(None, needed) if needed else None
        peak_bytes = _check_memory(opened, size)
        with take_turn(peak_bytes):
            frame = image.tile[0].extents if kind is ImageType.GIF and image.tile else None
            try:
                image.load()
                laid_out = _lay_out_frame(image, frame) if frame and frame != (0, 0, *image.size) else image
                yield DecodedPixels(laid_out, drafted[1][2:] if drafted else image.size)
            finally:
                image.close()


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
    if kind is ImageType.WEBP and int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise ImageRejectedError("truncated", type=kind.name)


def _check_size(image: ImageFile, kind: ImageType, length: int, limits: Limits) -> None:
    width, height = image.size
    pixels, limit = width * height, limits.max_pixels[kind]
    if pixels > limit:
        raise _make_size_error(kind, image.size, limit)
    if min(width, height) < limits.min_side:
        raise ImageRejectedError("too_small", width=width, height=height, limit=limits.min_side)
    if kind is ImageType.JPEG and length * 1_000_000 < pixels * limits.min_bytes_per_megapixel:
        raise ImageRejectedError("truncated", type=kind.name)


def _check_scans(image: ImageFile, jpeg: bytes, limits: Limits) -> None:
    """Check the number of scans. Each costs a pass over all pixels, so the largest images may have fewer of them."""
    pixels = image.size[0] * image.size[1]
    limit = min(limits.max_scans, limits.max_scanned_pixels // max(1, pixels))
    if has_more_scans_than(jpeg, limit):
        raise ImageRejectedError("too_many_chunks", type=ImageType.JPEG.name, limit=limit)


def _check_memory(opened: OpenedImage, size: tuple[int, int]) -> float:
    """Return the memory at the peak of decoding. `size` is that of the file, which a draft reduces."""
    (width, height), stored_pixels = opened.image.size, size[0] * size[1]
    fixed, limit = estimate_file_bytes(opened.length), opened.limits.max_decoded_bytes
    peak = width * height * opened.bytes_per_pixel + estimate_coefficient_bytes(opened.image, stored_pixels)
    if fixed + peak > limit:
        raise _make_size_error(opened.image_type, size, int((limit - fixed) * stored_pixels / peak))
    return fixed + peak


def _make_size_error(kind: ImageType, size: tuple[int, int], max_pixels: int) -> ImageRejectedError:
    limit = f"{max_pixels // 100_000 / 10:g} MP" if max_pixels >= _MEGAPIXEL else f"{max_pixels / _MEGAPIXEL:g} MP"
    return ImageRejectedError("too_many_pixels", type=kind.name, width=size[0], height=size[1], limit=limit)


def _split_png(data: bytes) -> PngParts:
    parts = split_png(data)
    if parts.is_cut and parts.has_header and not parts.has_pixels:
        raise ImageRejectedError("truncated", type=ImageType.PNG.name)
    return parts


def _read_colour(image: ImageFile, kind: ImageType, data: bytes, png: PngParts | None) -> ColourSpace | None:
    if png is not None:
        return read_png_colour(png.chunks)
    profile = image.info.get("icc_profile")
    if profile:
        return read_profile_colour(profile)
    return read_nclx_colour(data) if kind in (ImageType.AVIF, ImageType.HEIC) else None


def _lay_out_frame(image: Image.Image, frame: tuple[int, int, int, int]) -> Image.Image:
    """Lay a frame that is smaller than the image on nothing, as viewers do. Pillow fills the rest with a colour."""
    canvas = Image.new("RGBA", image.size)
    canvas.paste(image.crop(frame).convert("RGBA"), frame)
    return canvas


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

"""The memory that decoding an image takes at its peak, which the limits bound, and the turn of large images."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from shared.imaging.isobmff import SampleLayout, read_sample_layout
from shared.imaging.sniffing import ImageType

LARGE_BYTES: Final = 96 << 20
_LARGE_TURN: Final = threading.Lock()


def _map_layouts(
    subsampled: float, subsampled_deep: float, full: float, full_deep: float
) -> Mapping[SampleLayout, float]:
    return MappingProxyType(
        {
            SampleLayout(is_full_chroma=False, is_deep=False): subsampled,
            SampleLayout(is_full_chroma=False, is_deep=True): subsampled_deep,
            SampleLayout(is_full_chroma=True, is_deep=False): full,
            SampleLayout(is_full_chroma=True, is_deep=True): full_deep,
        }
    )


# Bytes per pixel at the peak, conversion and resize included, as `tests.benchmarks hostile` measures them. Pillow
# stores 4 bytes per pixel of any mode with colours, and as many again for the same with its alpha multiplied in.
_PNG_BYTES: Final[Mapping[str, float]] = MappingProxyType(
    {"1": 2.4, "L": 1.4, "I;16": 2.6, "P": 6.3, "RGB": 5.3, "RGBA": 9.3, "LA": 13.3}
)
_WITH_COLOUR_KEY: Final = 10.3
_GIF_BYTES: Final = 10.3
_HEIC_BYTES: Final[Mapping[SampleLayout, float]] = _map_layouts(7.1, 7.7, 9.5, 12.5)
_HEIC_ALPHA_BYTES: Final = 2.3
_AVIF_BYTES: Final[Mapping[SampleLayout, float]] = _map_layouts(8.4, 9.9, 10.0, 13.0)
_AVIF_ALPHA_BYTES: Final = 3.5
_WEBP_BYTES: Final = 12.3
_WEBP_ALPHA_BYTES: Final = 1.0
_JPEG_BYTES: Final = 5.0
_JPEG_GREY_BYTES: Final = 1.4
_COEFFICIENT_BYTES: Final = 2
_FILE_COPIES: Final = 2  # the file, and the copy that a decoder keeps


def estimate_bytes_per_pixel(image: ImageFile, kind: ImageType, data: bytes) -> float:
    """Estimate the bytes that each pixel of an opened image takes at the peak. `data` is its file."""
    has_alpha = image.mode == "RGBA"
    match kind:
        case ImageType.PNG:
            return _WITH_COLOUR_KEY if "transparency" in image.info else _PNG_BYTES.get(image.mode, _WITH_COLOUR_KEY)
        case ImageType.GIF:
            return _GIF_BYTES
        case ImageType.HEIC:
            return _HEIC_BYTES[read_sample_layout(data)] + has_alpha * _HEIC_ALPHA_BYTES
        case ImageType.AVIF:
            return _AVIF_BYTES[read_sample_layout(data)] + has_alpha * _AVIF_ALPHA_BYTES
        case ImageType.WEBP:
            return _WEBP_BYTES + has_alpha * _WEBP_ALPHA_BYTES
        case ImageType.JPEG:
            return _JPEG_GREY_BYTES if image.mode == "L" else _JPEG_BYTES


def estimate_coefficient_bytes(image: ImageFile, pixels: int) -> float:
    """Estimate the memory of a progressive JPEG's coefficients: all of them are kept, at any scale of the draft."""
    if not isinstance(image, JpegImageFile) or "progressive" not in image.info:
        return 0.0
    samplings = [(horizontal, vertical) for _, horizontal, vertical, _ in image.layer]
    largest = max(horizontal for horizontal, _ in samplings) * max(vertical for _, vertical in samplings)
    components = sum(horizontal * vertical for horizontal, vertical in samplings) / max(1, largest)
    return _COEFFICIENT_BYTES * components * pixels


def estimate_file_bytes(length: int) -> int:
    """Estimate the memory of a file of this length while it is decoded."""
    return _FILE_COPIES * length


@contextmanager
def take_turn(peak_bytes: float) -> Iterator[None]:
    """Wait until no other large image is decoded in this process, if this is one. Small ones do not wait."""
    if peak_bytes <= LARGE_BYTES:
        yield
        return
    with _LARGE_TURN:
        yield

"""Limits on the images that are read, and the error for an image that is not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from shared.errors import PentimentoError
from shared.imaging.sniffing import ImageType

RejectionCode = Literal[
    "unreadable",  # facts: type
    "unsupported_type",  # facts: accepted
    "too_large",  # facts: size, limit (as text with a unit)
    "too_many_pixels",  # facts: type, width, height, limit (megapixels, as text with a unit)
    "too_many_chunks",  # facts: type, limit (PNG chunks, JPEG scans or reads)
    "too_small",  # facts: width, height, limit (pixels)
    "too_narrow",  # facts: width, height, limit (ratio of the longer to the shorter side, as text)
    "truncated",  # facts: type
    "too_slow",  # facts: type, limit (seconds)
    "heif_missing",  # no facts
]

_MEGAPIXEL: Final = 1_000_000


class ImageRejectedError(PentimentoError, ValueError):
    """An image is not accepted. `facts` are the values for the sentence that goes with the code."""

    def __init__(self, code: RejectionCode, **facts: str | int) -> None:
        details = ", ".join(f"{name} {value}" for name, value in facts.items())
        super().__init__(f"image rejected: {code} ({details})" if facts else f"image rejected: {code}")
        self.code = code
        self.facts = facts


def _default_max_pixels() -> Mapping[ImageType, int]:
    return MappingProxyType(dict.fromkeys(ImageType, 64 * _MEGAPIXEL) | {ImageType.JPEG: 110 * _MEGAPIXEL})


@dataclass(frozen=True)
class Limits:
    """Limits that are checked before pixels are decoded. The defaults keep the worst image under about 400 MiB.

    They lie above the images of common devices: phones of 50 and 108 megapixels, A4 scanned at 600 dpi (34.8
    megapixels), screenshots in 8K (33.2). Frames need no limit, as only the first frame of an animation is read.
    `max_pixels`, `max_scans` and `max_scanned_pixels` bound the work of the decoders in C, the others that of Pillow's
    parsers.
    """

    types: Collection[ImageType] = tuple(ImageType)
    """The accepted types."""
    max_bytes: int = 25 << 20
    """Size of the file."""
    max_pixels: Mapping[ImageType, int] = field(default_factory=_default_max_pixels)
    """Width times height, which bounds the time. Most types reach `max_decoded_bytes` first."""
    max_decoded_bytes: int = 360 << 20
    """Peak memory of decoding, as `shared.imaging.decode_memory` estimates it; Python and Pillow take 42 MiB more."""
    min_side: int = 16
    """Pixels of the shorter side."""
    max_png_chunks: int = 10_000
    """PNG chunks in the file."""
    max_scans: int = 24
    """Scans of a JPEG. libjpeg writes 10 (18 for CMYK); each costs a pass over all pixels, 30 ms at 48 MP."""
    max_scanned_pixels: int = 1_200 * _MEGAPIXEL
    """Scans of a JPEG times its pixels: 10 scans of a phone's 108 megapixels, 24 of its 50."""
    max_reads: int = 50_000
    """Reads by the decoder, for files that are made of a million empty pieces."""
    max_seconds: float = 10.0
    """CPU seconds after which reads fail."""
    min_bytes_per_megapixel: int = 1_000
    """A JPEG below it is truncated: one bit for the mean of each block takes three times as much."""


DEFAULT_LIMITS: Final = Limits()

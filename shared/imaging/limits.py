"""What a picture may cost to read, and how a picture that may not is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from shared.errors import PentimentoError
from shared.imaging.metadata import ImageType

RejectionCode = Literal[
    "unreadable",  # facts: type
    "unsupported_type",  # facts: accepted
    "too_large",  # facts: size, limit (as text with a unit)
    "too_many_pixels",  # facts: type, width, height, limit (megapixels, as text with a unit)
    "too_many_chunks",  # facts: type, limit (pieces of the file: PNG chunks, JPEG scans, reads)
    "too_small",  # facts: width, height, limit (pixels)
    "too_narrow",  # facts: width, height, limit (times that it may be longer than wide, as text)
    "truncated",  # facts: type
    "too_slow",  # facts: type, limit (seconds)
    "heif_missing",  # no facts
]

_MEGAPIXEL: Final = 1_000_000


class ImageRejectedError(PentimentoError):
    """A picture is not taken: `code` says why, `facts` hold the values and limits for its sentence (see Code)."""

    def __init__(self, code: RejectionCode, **facts: str | int) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts


def _default_max_pixels() -> Mapping[ImageType, int]:
    cheap = dict.fromkeys((ImageType.JPEG, ImageType.HEIC), 50 * _MEGAPIXEL)
    return MappingProxyType(dict.fromkeys(ImageType, 25 * _MEGAPIXEL) | cheap)


@dataclass(frozen=True)
class Limits:
    """Checked before anything is decoded; the defaults keep the worst picture under about 400 MiB.

    Only the first frame of an animation is ever read, so frames need no limit. What a decoder written in C may take is
    bounded by `max_pixels` and `max_scans`; what Pillow's own parsing may take, by the rest.
    """

    max_bytes: int = 25 << 20
    """Bytes of the file."""
    max_pixels: Mapping[ImageType, int] = field(default_factory=_default_max_pixels)
    """Width times height. At its peak JPEG takes 2 to 8 bytes a pixel, HEIC 8, PNG 4 to 6, AVIF 10, WebP 16."""
    min_side: int = 16
    """Pixels of the shorter side."""
    max_png_chunks: int = 10_000
    """PNG chunks in the file."""
    max_scans: int = 24
    """Scans of a JPEG: libjpeg writes 10 (18 for CMYK), and each costs a pass over all pixels, 30 ms at 48 MP."""
    max_reads: int = 50_000
    """Reads that the decoder may ask for: a file made of a million empty pieces ends here."""
    max_seconds: float = 10.0
    """CPU seconds after which no further read is answered."""
    min_bytes_per_megapixel: int = 1_000
    """A JPEG below it cannot hold its pixels: one bit for each block's mean is three times as much."""


DEFAULT_LIMITS: Final = Limits()

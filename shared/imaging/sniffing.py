"""The type of an image by its first bytes."""

from enum import StrEnum
from typing import Final

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))


class ImageType(StrEnum):
    """The types of image that a person may attach. Each value is the subtype of the media type."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"
    HEIC = "heic"

    @property
    def media_type(self) -> str:
        """The IANA media type, such as `image/png`."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """The extension of a file's name, without the dot."""
        return "jpg" if self is ImageType.JPEG else self.value


def sniff_image_type(head: bytes) -> ImageType | None:
    """Determine the type from the first bytes of a file (32 or more), never from its name; None if unsupported.

    The patterns are those of https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern. AVIF and HEIC are told
    apart by the brands of the ISO-BMFF `ftyp` box (https://aomediacodec.github.io/av1-avif/#brands).
    """
    if head.startswith(PNG_SIGNATURE):
        return ImageType.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return ImageType.JPEG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return ImageType.WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return ImageType.GIF
    if head[4:8] == b"ftyp":
        return _sniff_ftyp_brands(head)
    return None


def _sniff_ftyp_brands(head: bytes) -> ImageType | None:
    """Look at the major brand first, then at the compatible brands."""
    end = min(int.from_bytes(head[:4]), len(head) & ~3)
    compatible_brands = {head[offset : offset + 4] for offset in range(16, end, 4)}
    for brands in ({head[8:12]}, compatible_brands):
        if brands & _AVIF_BRANDS:
            return ImageType.AVIF
        if brands & _HEIC_BRANDS:
            return ImageType.HEIC
    return None

"""What a picture's bytes tell without decoding them: its type, its pieces, a PNG's size and the words it carries."""

import itertools
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

# https://www.w3.org/TR/png-3/#4Concepts.FormatTypes: the ancillary chunks that change which pixels are shown
_DISPLAY_CHUNKS: Final = frozenset(b"tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT".split())
_MAX_TEXT_BYTES: Final = 1 << 20
_JPEG_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_JPEG_SOS: Final = b"\xff\xda"
_JPEG_SCAN: Final = re.compile(_JPEG_SOS)
_JPEG_EOI: Final = b"\xff\xd9"
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))


class ImageType(StrEnum):
    """The types of picture a person may attach; the value is the subtype of the media type."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"
    HEIC = "heic"

    @property
    def media_type(self) -> str:
        """The IANA name, as in `image/png`."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """How a file's name ends, without the dot."""
        return "jpg" if self is ImageType.JPEG else self.value


def sniff_image_type(head: bytes) -> ImageType | None:
    """Tell the type by the first bytes (32 or more; a name is never asked), or None when it is none of ours.

    The patterns are those of https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern; AVIF and HEIC are told
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
        return _sniff_brands(head)
    return None


def _sniff_brands(head: bytes) -> ImageType | None:
    end = min(int.from_bytes(head[:4]), len(head) & ~3)
    compatible = {head[at : at + 4] for at in range(16, end, 4)}
    for brands in ({head[8:12]}, compatible):
        if brands & _AVIF_BRANDS:
            return ImageType.AVIF
        if brands & _HEIC_BRANDS:
            return ImageType.HEIC
    return None


class _Chunk(NamedTuple):
    kind: bytes
    data: memoryview
    raw: memoryview


def _iter_chunks(png: bytes) -> Iterator[_Chunk]:
    """Walk a PNG from IHDR to IEND, comparing every length and CRC, and ignore what follows. Raises ValueError."""
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("this is not a PNG: its first eight bytes are not PNG's signature")
    view, at, kind = memoryview(png), len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        if len(png) < at + 12:
            raise ValueError(f"this PNG is cut short: no chunk fits after byte {at}")
        length, kind = int.from_bytes(view[at : at + 4]), bytes(view[at + 4 : at + 8])
        end = at + 12 + length
        if end > len(png):
            raise ValueError(f"this PNG is cut short: its chunk {kind!r} should end at byte {end} of {len(png)}")
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise ValueError(f"this PNG is damaged: the checksum of its chunk {kind!r} at byte {at} is wrong")
        if (kind == b"IHDR") != (at == len(PNG_SIGNATURE)) or (kind == b"IHDR" and length != 13):  # noqa: PLR2004 - IHDR's only length
            raise ValueError("this PNG is damaged: it needs one IHDR of 13 bytes, in first place")
        yield _Chunk(kind, view[at + 8 : end - 4], view[at:end])
        at = end


def verify_png(png: bytes) -> None:
    """Raise ValueError unless this is a whole PNG with pixels and right checksums. Nothing is inflated."""
    if all(chunk.kind != b"IDAT" for chunk in list(_iter_chunks(png))):
        raise ValueError("this PNG is damaged: it has no pixels")


def count_png_chunks(png: bytes, limit: int) -> int:
    """How many chunks follow one another, counted no further than one more than `most`; nothing is verified."""
    count, at = 0, len(PNG_SIGNATURE)
    while count <= limit and at + 12 <= len(png):
        at += 12 + int.from_bytes(png[at : at + 4])
        count += 1
    return count


def has_more_scans_than(jpeg: bytes, limit: int) -> bool:
    """Whether more scans than `most` precede the end of the image, or a thousand times as many segments.

    The quick count also sees what a phone hides after the picture (a film, a depth map); only then are markers walked.
    """
    if (
        sum(1 for _ in itertools.islice(_JPEG_SCAN.finditer(jpeg), limit + 1)) <= limit
    ):  # a third of what bytes.count takes
        return False
    at, scans = 2, 0
    for _ in itertools.repeat(None, 1000 * limit):
        match = _JPEG_MARKER.search(jpeg, at)
        if not match or match[0] == _JPEG_EOI:
            return False
        scans += match[0] == _JPEG_SOS
        if scans > limit:
            return True
        at = match.end() + int.from_bytes(jpeg[match.end() : match.end() + 2])
    return True


def read_png_size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, from IHDR. Raises ValueError when there is none."""
    header = next(_iter_chunks(png))
    width, height = struct.unpack_from(">II", header.data)
    return width, height


def replace_png_text(png: bytes, entries: Mapping[str, str]) -> bytes:
    """Splice `entries` in after IHDR as uncompressed iTXt chunks, and drop every other word, date, place and trailer.

    The pixels are not decoded: IDAT is copied as it is, and so is what decides how it shows (transparency, colour,
    animation). Raises ValueError when the PNG is malformed, a keyword is not 1 to 79 bytes of printable Latin-1 without
    outer or double spaces, or a text holds a NUL (https://www.w3.org/TR/png-3/#11textinfo).
    """
    parts: list[bytes | memoryview] = [PNG_SIGNATURE]
    pixels = False
    for chunk in _iter_chunks(png):
        pixels = pixels or chunk.kind == b"IDAT"
        if chunk.kind in _DISPLAY_CHUNKS or not chunk.kind[0] & 0x20:
            parts.append(chunk.raw)
        if chunk.kind == b"IHDR":
            parts += [_build_itxt(keyword, text) for keyword, text in entries.items()]
    if not pixels:
        raise ValueError("this PNG is damaged: it has no pixels")
    return b"".join(parts)


def _build_itxt(keyword: str, text: str) -> bytes:
    key = keyword.encode("latin-1")
    if not 1 <= len(key) <= 79 or not keyword.isprintable() or "  " in f" {keyword} ":  # noqa: PLR2004 - the specification's figure
        raise ValueError(
            f"{keyword!r} cannot be a keyword in a PNG: that takes 1 to 79 printable Latin-1 characters; "
            "shorten it and leave out outer and double spaces"
        )
    if "\0" in text:
        raise ValueError(f"the text under {keyword!r} holds a NUL, which ends a text in a PNG: take it out")
    body = b"iTXt" + key + b"\0\0\0\0\0" + text.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def read_png_text(png: bytes) -> dict[str, str]:
    """Read tEXt and uncompressed iTXt back: keyword to text, up to 1 MiB in all; compressed text is left alone.

    Raises ValueError when the PNG is malformed.
    """
    found: dict[str, str] = {}
    room = _MAX_TEXT_BYTES
    for chunk in _iter_chunks(png):
        if chunk.kind not in (b"tEXt", b"iTXt") or len(chunk.data) > room:
            continue
        room -= len(chunk.data)
        key, _, rest = bytes(chunk.data).partition(b"\0")
        if chunk.kind == b"tEXt":
            found[key.decode("latin-1")] = rest.decode("latin-1")
        elif rest.startswith(b"\0\0") and rest.count(b"\0", 2) >= 2:  # noqa: PLR2004 - language and translated keyword end in NUL
            found[key.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode(errors="replace")
    return found

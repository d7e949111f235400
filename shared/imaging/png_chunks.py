"""The chunks of a PNG: those that hold its pixels, those that say how to show them, and those that may be broken.

https://www.w3.org/TR/png-3/#5DataRep
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.imaging.sniffing import PNG_SIGNATURE

_ANCILLARY_BIT: Final = 0x20
_IHDR_BYTES: Final = 13
_CHUNK_OVERHEAD: Final = 12
# The ancillary chunks that are read. Pillow parses others, too, and rejects the file if one of them is broken.
_READ_ANCILLARY: Final = frozenset(b"tRNS eXIf iCCP cICP sRGB gAMA cHRM mDCV cLLI".split())
_PALETTE_COLOUR_TYPE: Final = 3
_MAX_PALETTE: Final = 256
_TRANSPARENCY_BYTES: Final[Mapping[int, int]] = {0: 2, 2: 6, _PALETTE_COLOUR_TYPE: 1}
"""The least length of tRNS by colour type; the other types have an alpha channel and no tRNS."""


class PngChunk(NamedTuple):
    """A chunk: its type, its data, and the whole with length and checksum."""

    kind: bytes
    data: memoryview
    raw: memoryview

    @property
    def is_ancillary(self) -> bool:
        """Whether an image can be shown without it: https://www.w3.org/TR/png-3/#5Chunk-naming-conventions."""
        return bool(self.kind[0] & _ANCILLARY_BIT)

    @property
    def is_intact(self) -> bool:
        """Whether its checksum is right."""
        return zlib.crc32(self.raw[4:-4]) == int.from_bytes(self.raw[-4:])


def iterate_png_chunks(png: bytes) -> Iterator[PngChunk]:
    """Yield the chunks from IHDR to IEND. Ancillary chunks with a wrong checksum and data after IEND are left out.

    Raises `ValueError` if the PNG is cut short, a critical chunk is damaged, or IHDR is not in first place.
    """
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("this is not a PNG: its first eight bytes are not PNG's signature")
    view, offset, kind = memoryview(png), len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        if len(png) < offset + _CHUNK_OVERHEAD:
            raise ValueError(f"this PNG is cut short: no chunk fits after byte {offset}")
        length, kind = int.from_bytes(view[offset : offset + 4]), bytes(view[offset + 4 : offset + 8])
        end = offset + _CHUNK_OVERHEAD + length
        if end > len(png):
            raise ValueError(f"this PNG is cut short: its chunk {kind!r} should end at byte {end} of {len(png)}")
        chunk = PngChunk(kind, view[offset + 8 : end - 4], view[offset:end])
        is_first = offset == len(PNG_SIGNATURE)
        if (kind == b"IHDR") != is_first or (is_first and length != _IHDR_BYTES):
            raise ValueError("this PNG is damaged: it needs one IHDR of 13 bytes, in first place")
        if chunk.is_intact:
            yield chunk
        elif not chunk.is_ancillary:
            raise ValueError(f"this PNG is damaged: the checksum of its chunk {kind!r} at byte {offset} is wrong")
        offset = end


@dataclass(frozen=True)
class PngParts:
    """A PNG reduced to its pixels (IHDR, PLTE, tRNS, eXIf, IDAT, IEND), and its other intact chunks that are read.

    `is_cut` says whether the file ends within a chunk.
    """

    pixels: bytes
    chunks: Mapping[bytes, bytes]
    has_header: bool
    has_pixels: bool
    is_cut: bool


def split_png(png: bytes) -> PngParts:
    """Separate the pixels from everything else, so that no broken chunk beside them keeps a decoder from reading them.

    As in browsers, a broken ancillary chunk counts as absent, and of several chunks of one type the first one counts.
    The checksums of critical chunks are left to the decoder.
    """
    view, offset = memoryview(png), len(PNG_SIGNATURE)
    header: list[memoryview] = []
    pixels: list[memoryview] = []
    has_pixels = False
    ancillary: dict[bytes, PngChunk] = {}
    while offset + _CHUNK_OVERHEAD <= len(png):
        end = offset + _CHUNK_OVERHEAD + int.from_bytes(view[offset : offset + 4])
        chunk = PngChunk(bytes(view[offset + 4 : offset + 8]), view[offset + 8 : end - 4], view[offset:end])
        offset = end
        if chunk.kind in (b"IHDR", b"PLTE"):
            header.append(chunk.raw)
        elif chunk.kind in (b"IDAT", b"IEND"):
            pixels.append(chunk.raw)
            has_pixels |= chunk.kind == b"IDAT"
        elif chunk.kind in _READ_ANCILLARY and chunk.kind not in ancillary and end <= len(png) and chunk.is_intact:
            ancillary[chunk.kind] = chunk
        if chunk.kind == b"IEND":
            break
    colour_type = header[0][17] if header and len(header[0]) == _IHDR_BYTES + _CHUNK_OVERHEAD else -1
    if colour_type != _PALETTE_COLOUR_TYPE:
        header = header[:1]  # a palette that is only a suggestion
    transparency = ancillary.pop(b"tRNS", None)
    if transparency and _is_transparency_valid(len(transparency.data), colour_type):
        header.append(transparency.raw)
    exif = ancillary.pop(b"eXIf", None)
    if exif:
        header.append(exif.raw)
    chunks = {kind: bytes(chunk.data) for kind, chunk in ancillary.items()}
    used: list[bytes | memoryview] = [PNG_SIGNATURE, *header, *pixels]
    has_nothing_else = len(header) == 1 and sum(map(len, used)) == len(png)
    whole = png if has_nothing_else else b"".join(used)
    return PngParts(whole, chunks, bool(header), has_pixels, is_cut=offset > len(png))


def _is_transparency_valid(length: int, colour_type: int) -> bool:
    least = _TRANSPARENCY_BYTES.get(colour_type)
    return least is not None and least <= length and (colour_type != _PALETTE_COLOUR_TYPE or length <= _MAX_PALETTE)


def build_png_chunk(kind: bytes, data: bytes) -> bytes:
    """Build a chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

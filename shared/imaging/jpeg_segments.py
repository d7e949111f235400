"""The segments of a JPEG before its pixels, read and changed without decoding it.

https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B; XMP specification part 3, section 1.1.3
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_XMP_BYTES: Final = 65_502
"""The size of a packet that fits into one segment."""

_START: Final = b"\xff\xd8"
_MARKER_START: Final = 0xFF
_FILL_BYTES: Final = b"\xff\xff"  # a marker may begin with any number of 0xFF
_START_OF_SCAN: Final = 0xDA
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xDA)})
_APP0: Final = 0xE0
_APP1: Final = 0xE1
_APP11: Final = 0xEB
_XMP_HEADER: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP_HEADER: Final = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF_HEADER: Final = b"Exif\0"
_JUMBF_IDENTIFIER: Final = b"JP"
_MAX_SEGMENTS: Final = 2000


class JpegSegment(NamedTuple):
    """A segment: the second byte of its marker, its data, and where it begins and ends in the file."""

    marker: int
    data: memoryview
    start: int
    end: int

    @property
    def is_xmp(self) -> bool:
        """Whether it holds XMP, or a part of it that did not fit."""
        return self.marker == _APP1 and bytes(self.data[:35]).startswith((_XMP_HEADER, _EXTENDED_XMP_HEADER))

    @property
    def is_jumbf(self) -> bool:
        """Whether it holds a part of a JUMBF box."""
        return self.marker == _APP11 and bytes(self.data[:2]) == _JUMBF_IDENTIFIER

    @property
    def is_c2pa(self) -> bool:
        """Whether it is the first part of a C2PA manifest store: a JUMBF box of the type c2pa, which C2PA prescribes.

        https://spec.c2pa.org/specifications/specifications/2.2/specs/C2PA_Specification.html#_embedding_manifests_into_jpeg
        """
        return self.is_jumbf and b"jumdc2pa" in bytes(self.data[8:40])


def iterate_jpeg_segments(jpeg: bytes) -> Iterator[JpegSegment]:
    """Yield the segments before the first scan. Raises `ValueError` if they are damaged, or more than 2,000."""
    if not jpeg.startswith(_START):
        raise ValueError("this is not a JPEG: its first two bytes are not a JPEG's")
    view, offset = memoryview(jpeg), len(_START)
    for _ in range(_MAX_SEGMENTS):
        start = offset
        while jpeg[offset : offset + 2] == _FILL_BYTES:
            offset += 1
        if len(jpeg) < offset + 4 or view[offset] != _MARKER_START:
            raise ValueError(f"this JPEG is damaged: there is no marker at byte {offset}")
        marker = view[offset + 1]
        if marker == _START_OF_SCAN:
            return
        if marker in _STANDALONE:
            offset += 2
            continue
        end = offset + 2 + int.from_bytes(view[offset + 2 : offset + 4])
        if end < offset + 4 or end > len(jpeg):
            raise ValueError(f"this JPEG is cut short: its segment at byte {offset} should end at byte {end}")
        yield JpegSegment(marker, view[offset + 4 : end], start, end)
        offset = end
    raise ValueError(f"this JPEG has more than {_MAX_SEGMENTS} segments")


def replace_jpeg_xmp(jpeg: bytes, packet: bytes) -> bytes:
    """Insert an XMP packet after JFIF and Exif, in the place of any other; every other byte is copied.

    Raises `ValueError` for a damaged JPEG, and for a packet of more than `MAX_XMP_BYTES`.
    """
    if len(packet) > MAX_XMP_BYTES:
        raise ValueError(f"an XMP packet of {len(packet)} bytes does not fit into a JPEG, which takes {MAX_XMP_BYTES}")
    view, position, removed = memoryview(jpeg), len(_START), []
    is_at_start = True
    for segment in iterate_jpeg_segments(jpeg):
        if segment.is_xmp:
            removed.append(segment)
        elif is_at_start and (segment.marker == _APP0 or _is_exif(segment)):
            position = segment.end
        else:
            is_at_start = False
    content = _XMP_HEADER + packet
    parts: list[bytes | memoryview] = [
        *_copy_without(view, 0, position, removed),
        struct.pack(">BBH", _MARKER_START, _APP1, len(content) + 2),
        content,
        *_copy_without(view, position, len(jpeg), removed),
    ]
    return b"".join(parts)


def remove_jpeg_jumbf(jpeg: bytes) -> bytes:
    """Remove all JUMBF boxes; every other byte is copied. Raises `ValueError` for a damaged JPEG."""
    removed = [segment for segment in iterate_jpeg_segments(jpeg) if segment.is_jumbf]
    return b"".join(_copy_without(memoryview(jpeg), 0, len(jpeg), removed))


def read_jpeg_xmp(jpeg: bytes) -> bytes | None:
    """Read the XMP packet; None if there is none. Raises `ValueError` for a damaged JPEG."""
    for segment in iterate_jpeg_segments(jpeg):
        if segment.marker == _APP1 and bytes(segment.data[: len(_XMP_HEADER)]) == _XMP_HEADER:
            return bytes(segment.data[len(_XMP_HEADER) :])
    return None


def _is_exif(segment: JpegSegment) -> bool:
    return segment.marker == _APP1 and bytes(segment.data[: len(_EXIF_HEADER)]) == _EXIF_HEADER


def _copy_without(view: memoryview, start: int, end: int, removed: list[JpegSegment]) -> Iterator[memoryview]:
    """Yield the bytes between two offsets, except those of removed segments."""
    for segment in removed:
        if start <= segment.start < end:
            yield view[start : segment.start]
            start = segment.end
    yield view[start:end]

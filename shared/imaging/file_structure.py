"""Counting the parts of a file, which bounds the work of a decoder before it begins."""

import itertools
import re
from collections.abc import Iterator
from typing import Final

from shared.imaging.sniffing import PNG_SIGNATURE

_JPEG_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_START_OF_SCAN: Final = b"\xff\xda"
_END_OF_IMAGE: Final = b"\xff\xd9"
_SCAN: Final = re.compile(_START_OF_SCAN)
_MAX_SEGMENTS_PER_SCAN: Final = 1000


def count_png_chunks(png: bytes, limit: int) -> int:
    """Count the chunks of a PNG, up to `limit` + 1. Their contents are not verified."""
    return sum(1 for _ in itertools.islice(_iterate_png_types(png), limit + 1))


def has_png_chunk(png: bytes, kind: bytes, limit: int) -> bool:
    """Tell whether one of the first `limit` chunks of a PNG has a type. Their contents are not verified."""
    return kind in itertools.islice(_iterate_png_types(png), limit)


def _iterate_png_types(png: bytes) -> Iterator[bytes]:
    offset = len(PNG_SIGNATURE)
    while offset + 12 <= len(png):
        yield png[offset + 4 : offset + 8]
        offset += 12 + int.from_bytes(png[offset : offset + 4])


def has_more_scans_than(jpeg: bytes, limit: int) -> bool:
    """Tell whether a JPEG has more scans than `limit`, or a thousand times as many segments.

    Phones append other data to an image (a film, a depth map), whose bytes may look like scans. So the markers are
    walked, up to the end of the image, only if the quick count exceeds the limit.
    """
    starts = itertools.islice(_SCAN.finditer(jpeg), limit + 1)  # takes a third of the time of `bytes.count`
    if sum(1 for _ in starts) <= limit:
        return False
    offset, scans = 2, 0
    for _ in itertools.repeat(None, _MAX_SEGMENTS_PER_SCAN * limit):
        marker = _JPEG_MARKER.search(jpeg, offset)
        if not marker or marker[0] == _END_OF_IMAGE:
            return False
        scans += marker[0] == _START_OF_SCAN
        if scans > limit:
            return True
        offset = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    return True

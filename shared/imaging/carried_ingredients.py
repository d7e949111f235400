"""Carrying the content credentials of an upload in the JPEG that was prepared from it, in segments of its own.

The picture is encoded anew for the model. Its credentials travel beside the pixels as an ingredient's archive (C2PA)
until the result is signed; they are taken out before the picture goes to the model, or is stored.
"""

import struct
from typing import Final

from shared.imaging.jpeg_segments import iterate_jpeg_segments

_APP15: Final = 0xEF
_HEADER: Final = b"pentimento ingredient\0"
_MAX_PART_BYTES: Final = 0xFFFF - 2 - len(_HEADER)
_SOI_BYTES: Final = 2
_SEGMENT_HEADER_BYTES: Final = 4


def attach_ingredient(jpeg: bytes, archive: bytes | None) -> bytes:
    """Insert an archive into a JPEG, in as many segments as it takes; without one, return the JPEG."""
    if archive is None:
        return jpeg
    parts = [archive[start : start + _MAX_PART_BYTES] for start in range(0, len(archive), _MAX_PART_BYTES)]
    segments = [struct.pack(">BBH", 0xFF, _APP15, len(_HEADER) + len(part) + 2) + _HEADER + part for part in parts]
    return b"".join((jpeg[:_SOI_BYTES], *segments, jpeg[_SOI_BYTES:]))


def detach_ingredient(jpeg: bytes) -> tuple[bytes, bytes | None]:
    """Return the JPEG as it was before `attach_ingredient`, and the archive; None if there is none."""
    start = _SOI_BYTES + _SEGMENT_HEADER_BYTES
    if jpeg[start : start + len(_HEADER)] != _HEADER:
        return jpeg, None
    end, parts = _SOI_BYTES, []
    for segment in iterate_jpeg_segments(jpeg):
        if segment.marker != _APP15 or bytes(segment.data[: len(_HEADER)]) != _HEADER:
            break
        parts.append(segment.data[len(_HEADER) :])
        end = segment.end
    return jpeg[:_SOI_BYTES] + jpeg[end:], b"".join(parts)

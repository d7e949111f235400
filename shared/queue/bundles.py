"""The pictures of a job as one value in Redis, so that they are stored, expire and are deleted together.

A source alone is stored as it is. With a mask or a picture of a style it is a bundle: a mark, how many pictures there
are, the name's number and the size in bytes of each (unsigned, 8 and 32 bits, big-endian), and the pictures.
"""

import struct
from typing import Final

from shared.request.model import MaskKind, Request
from shared.request.pictures import PictureName, Pictures

_MARK: Final = b"\x00pictures\x01"
_NAMES: Final[tuple[PictureName, ...]] = ("source", "mask", "style")
_ENTRY: Final = struct.Struct("!BI")


def pack_pictures(pictures: Pictures) -> bytes | None:
    """Pack pictures; None if there are none."""
    parts = pictures.list_parts()
    if not parts:
        return None
    if [name for name, _ in parts] == ["source"]:
        return parts[0][1]
    entries = (_ENTRY.pack(_NAMES.index(name), len(data)) for name, data in parts)
    return b"".join((_MARK, bytes((len(parts),)), *entries, *(data for _, data in parts)))


def unpack_uploads(data: bytes, request: Request) -> Pictures | None:
    """Unpack the uploads of a request; None if they are not those that the request speaks of.

    The request says whether it is a bundle: an upload alone may hold anything.
    """
    if request.mask is not MaskKind.PICTURE and not request.has_style_picture:
        return Pictures(source=data)
    pictures = _unpack(data)
    if pictures is None or pictures.source is None:
        return None
    lacks_mask = request.mask is MaskKind.PICTURE and pictures.mask is None
    return None if lacks_mask or (request.has_style_picture and pictures.style is None) else pictures


def unpack_prepared(data: bytes) -> Pictures:
    """Unpack prepared pictures. One alone is a JPEG, which does not begin with the mark of a bundle."""
    return _unpack(data) or Pictures(source=data)


def _unpack(data: bytes) -> Pictures | None:
    if not data.startswith(_MARK):
        return None
    view, at = memoryview(data), len(_MARK) + 1
    try:
        entries = [_ENTRY.unpack_from(view, at + number * _ENTRY.size) for number in range(view[at - 1])]
        start, parts = at + len(entries) * _ENTRY.size, {}
        for index, size in entries:
            parts[_NAMES[index]] = bytes(view[start : start + size])
            start += size
    except (struct.error, IndexError):
        return None
    return Pictures(**parts) if start == len(data) else None

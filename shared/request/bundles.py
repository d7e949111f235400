"""The pictures of a request as one value, so that they are stored, expire and are deleted together.

A source alone is stored as it is. With a mask or a picture of a style it is a bundle: a mark, how many pictures there
are, the number of the name and the size in bytes of each (unsigned, 8 and 32 bits, big-endian), and the pictures.
"""

import struct
from dataclasses import replace
from typing import Final

from shared.imaging.carried_ingredients import detach_ingredient
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


def unpack_pictures(data: bytes) -> Pictures:
    """Unpack pictures. What is no bundle is a source alone: no picture begins with the mark."""
    return _unpack_bundle(data) or Pictures(source=data)


def is_bundle(data: bytes) -> bool:
    """Return whether this is a bundle, not a source alone."""
    return data.startswith(_MARK)


def has_needed_pictures(pictures: Pictures, request: Request) -> bool:
    """Return whether the pictures that a request speaks of are there; a mask may be in the source's transparency."""
    return (
        (pictures.source is not None or not request.has_picture)
        and (pictures.mask is not None or request.mask is not MaskKind.PICTURE)
        and (pictures.style is not None or not request.has_style_picture)
    )


def split_ingredient(pictures: Pictures) -> tuple[Pictures, bytes | None]:
    """Split prepared pictures from the credentials that they carry along for the signature of the result, if any."""
    source, ingredient = detach_ingredient(pictures.source or b"")
    return (pictures if ingredient is None else replace(pictures, source=source)), ingredient


def remove_ingredient(data: bytes) -> bytes:
    """Remove the credentials that packed pictures carry along."""
    pictures, ingredient = split_ingredient(unpack_pictures(data))
    return data if ingredient is None else pack_pictures(pictures) or b""


def _unpack_bundle(data: bytes) -> Pictures | None:
    if not is_bundle(data):
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

"""The boxes of AVIF and HEIC that describe the colours of the primary image.

ISO/IEC 14496-12 and 23008-12; https://aomediacodec.github.io/av1-avif/
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

_MAX_BOXES: Final = 10_000
_FULL_BOX_HEADER: Final = 4
_LARGE_ASSOCIATIONS: Final = 1
_HALF_WIDTH_AND_HEIGHT: Final = 1  # 4:2:0 in hvcC; 0 is grey, 2 and 3 are 4:2:2 and 4:4:4
_AV1_HALF_HEIGHT: Final = 0x04
_AV1_DEEP: Final = 0x40
_MASTERING_LUMINANCE_UNIT: Final = 10_000  # per cd/m²


@dataclass(frozen=True)
class ItemColour:
    """The code points of the primary image (`nclx`), and its peak luminance in cd/m², None if it is not given."""

    primaries: int
    transfer: int
    max_nits: float | None = None


class SampleLayout(NamedTuple):
    """How samples are stored: whether colours have the full resolution (4:4:4), and more than 8 bits."""

    is_full_chroma: bool
    is_deep: bool


class _Box(NamedTuple):
    kind: bytes
    data: memoryview


def read_item_colour(data: bytes) -> ItemColour | None:
    """Read the colour description of the primary image; None if there is none, or its boxes are broken."""
    try:
        meta = _find_box(memoryview(data), b"meta")
        return None if meta is None else _read_meta(meta[_FULL_BOX_HEADER:])
    except (struct.error, IndexError):
        return None


def read_sample_layout(data: bytes) -> SampleLayout:
    """Read the largest layout of all images of the file, tiles included; the largest there is if none can be read."""
    layouts = []
    with suppress(struct.error, IndexError):
        meta = _find_box(memoryview(data), b"meta") or b""
        properties = _find_box(memoryview(meta)[_FULL_BOX_HEADER:], b"iprp") or b""
        for box in _iterate_boxes(_find_box(memoryview(properties), b"ipco") or memoryview(b"")):
            if box.kind == b"hvcC":
                layouts.append(SampleLayout((box.data[16] & 3) > _HALF_WIDTH_AND_HEIGHT, bool(box.data[17] & 7)))
            elif box.kind == b"av1C":
                flags = box.data[2]
                layouts.append(SampleLayout(not flags & _AV1_HALF_HEIGHT, bool(flags & _AV1_DEEP)))
    if not layouts:
        return SampleLayout(is_full_chroma=True, is_deep=True)
    return SampleLayout(any(layout.is_full_chroma for layout in layouts), any(layout.is_deep for layout in layouts))


def _read_meta(meta: memoryview) -> ItemColour | None:
    primary, properties = _find_box(meta, b"pitm"), _find_box(meta, b"iprp")
    if primary is None or properties is None:
        return None
    (item_id,) = struct.unpack_from(">I" if primary[0] else ">H", primary, _FULL_BOX_HEADER)
    container, associations = _find_box(properties, b"ipco"), _find_box(properties, b"ipma")
    if container is None or associations is None:
        return None
    boxes = list(_iterate_boxes(container))
    own = [boxes[index - 1] for index in _read_associations(associations, item_id) if 0 < index <= len(boxes)]
    for box in own:
        if box.kind == b"colr" and bytes(box.data[:4]) == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", box.data, 4)
            return ItemColour(primaries, transfer, _read_max_nits(own))
    return None


def _read_max_nits(boxes: list[_Box]) -> float | None:
    """Read the light level of the content or, where that is not given, of the display on which it was graded."""
    by_kind = {box.kind: box.data for box in boxes}
    if b"clli" in by_kind and (level := struct.unpack_from(">H", by_kind[b"clli"])[0]):
        return float(level)
    if b"mdcv" in by_kind:
        return float(struct.unpack_from(">I", by_kind[b"mdcv"], 16)[0] / _MASTERING_LUMINANCE_UNIT) or None
    return None


def _read_associations(ipma: memoryview, item_id: int) -> list[int]:
    """Return the one-based indexes of an item's properties."""
    version, is_wide = ipma[0], ipma[3] & _LARGE_ASSOCIATIONS
    (count,) = struct.unpack_from(">I", ipma, 4)
    entry, index = struct.Struct(">IB" if version else ">HB"), struct.Struct(">H" if is_wide else ">B")
    essential_bit = 0x8000 if is_wide else 0x80
    offset = 8
    for _ in range(min(count, _MAX_BOXES)):
        owner, length = entry.unpack_from(ipma, offset)
        offset += entry.size
        if owner == item_id:
            values = (index.unpack_from(ipma, offset + position * index.size)[0] for position in range(length))
            return [value & ~essential_bit for value in values]
        offset += length * index.size
    return []


def _find_box(data: memoryview, kind: bytes) -> memoryview | None:
    return next((box.data for box in _iterate_boxes(data) if box.kind == kind), None)


def _iterate_boxes(data: memoryview) -> Iterator[_Box]:
    offset = 0
    for _ in range(_MAX_BOXES):
        if offset + 8 > len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, offset)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, offset + 8)
            header = 16
        end = offset + size if size else len(data)
        if end < offset + header:
            return
        yield _Box(kind, data[offset + header : end])
        offset = end

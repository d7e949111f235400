"""The chunks of a WebP, read and changed without decoding it.

https://developers.google.com/speed/webp/docs/riff_container (RFC 9649)
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

C2PA_CHUNK: Final = b"C2PA"
_FILE_HEADER_BYTES: Final = 12
_CHUNK_HEADER_BYTES: Final = 8
_XMP_FLAG: Final = 0x04
_ALPHA_FLAG: Final = 0x10
_LOSSY_START: Final = b"\x9d\x01\x2a"
_LOSSLESS_START: Final = b"\x2f"
_SIDE_MASK: Final = 0x3FFF  # 14 bits
_MAX_CHUNKS: Final = 10_000


class WebpChunk(NamedTuple):
    """A chunk: its type, its data, and the whole with its header and padding."""

    kind: bytes
    data: memoryview
    raw: memoryview


def iterate_webp_chunks(webp: bytes) -> Iterator[WebpChunk]:
    """Yield the chunks. Bytes after the end that the file declares are left out.

    Raises `ValueError` if the WebP is cut short, or has more than 10,000 chunks.
    """
    if webp[:4] != b"RIFF" or webp[8:12] != b"WEBP":
        raise ValueError("this is not a WebP: its first twelve bytes are not a WebP's")
    end = _CHUNK_HEADER_BYTES + int.from_bytes(webp[4:8], "little")
    if end > len(webp):
        raise ValueError(f"this WebP is cut short: it should have {end} bytes, it has {len(webp)}")
    view, offset = memoryview(webp), _FILE_HEADER_BYTES
    for _ in range(_MAX_CHUNKS):
        if offset + _CHUNK_HEADER_BYTES > end:
            return
        length = int.from_bytes(view[offset + 4 : offset + 8], "little")
        data_start = offset + _CHUNK_HEADER_BYTES
        if data_start + length > end:
            raise ValueError(f"this WebP is cut short: no chunk of {length} bytes fits after byte {offset}")
        next_offset = min(end, data_start + length + length % 2)
        yield WebpChunk(
            bytes(view[offset : offset + 4]), view[data_start : data_start + length], view[offset:next_offset]
        )
        offset = next_offset
    raise ValueError(f"this WebP has more than {_MAX_CHUNKS} chunks")


def replace_webp_xmp(webp: bytes, packet: bytes) -> bytes:
    """Append an XMP packet in the place of any other; all other chunks are copied. Raises `ValueError` if damaged.

    A WebP of the simple format becomes one of the extended format, of the same pixels.
    """
    chunks = [chunk for chunk in iterate_webp_chunks(webp) if chunk.kind != b"XMP "]
    if not chunks:
        raise ValueError("this WebP is damaged: it has no pixels")
    parts: list[bytes | memoryview]
    if chunks[0].kind == b"VP8X" and len(chunks[0].data) >= 1:
        header = bytes([chunks[0].data[0] | _XMP_FLAG]) + bytes(chunks[0].data[1:])
        parts = [_build_chunk(b"VP8X", header), *(chunk.raw for chunk in chunks[1:])]
    else:
        parts = [_build_chunk(b"VP8X", _build_extended_header(chunks[0])), *(chunk.raw for chunk in chunks)]
    if len(parts[-1]) % 2:
        parts.append(b"\0")  # the padding that the last chunk lacked
    parts.append(_build_chunk(b"XMP ", packet))
    return b"".join((b"RIFF", struct.pack("<I", 4 + sum(map(len, parts))), b"WEBP", *parts))


def remove_webp_chunks(webp: bytes, kind: bytes) -> bytes:
    """Remove the chunks of a type; all others are copied. Raises `ValueError` if the WebP is damaged."""
    parts = [chunk.raw for chunk in iterate_webp_chunks(webp) if chunk.kind != kind]
    return b"".join((b"RIFF", struct.pack("<I", 4 + sum(map(len, parts))), b"WEBP", *parts))


def read_webp_xmp(webp: bytes) -> bytes | None:
    """Read the XMP packet; None if there is none. Raises `ValueError` if the WebP is damaged."""
    return next((bytes(chunk.data) for chunk in iterate_webp_chunks(webp) if chunk.kind == b"XMP "), None)


def _build_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _build_extended_header(image: WebpChunk) -> bytes:
    """Build the data of VP8X from the header of an image of the simple format."""
    flags, data = _XMP_FLAG, bytes(image.data[:10])
    if image.kind == b"VP8 " and data[3:6] == _LOSSY_START:
        width, height = (
            int.from_bytes(data[6:8], "little") & _SIDE_MASK,
            int.from_bytes(data[8:10], "little") & _SIDE_MASK,
        )
    elif image.kind == b"VP8L" and data[:1] == _LOSSLESS_START:
        bits = int.from_bytes(data[1:5], "little")
        width, height = (bits & _SIDE_MASK) + 1, (bits >> 14 & _SIDE_MASK) + 1
        flags |= _ALPHA_FLAG if bits >> 28 & 1 else 0
    else:
        raise ValueError(f"this WebP is damaged: its first chunk is {image.kind!r}, or has no size")
    if not width or not height:
        raise ValueError("this WebP is damaged: a side has no pixels")
    return struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")

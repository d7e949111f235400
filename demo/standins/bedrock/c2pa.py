"""Puts a C2PA manifest into a result, as Stability's own service does: a chunk `caBX` in PNG, segments APP11 in JPEG.

https://spec.c2pa.org/specifications/specifications/2.2/specs/C2PA_Specification.html (Embedding manifests into various
file formats). The bytes of the manifest are not examined.
"""

import struct
import zlib

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
_HEADER_CHUNK_BYTES = 25  # length, name, 13 bytes and checksum of IHDR
_APP11 = 0xFFEB
_SEGMENT_BYTES = 65_000
_BOX_HEADER_BYTES = 8
_C2PA_UUID = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq"


def build_empty_manifest() -> bytes:
    """Return a JUMBF box labelled `c2pa` that holds no manifest: enough to see whether it is passed on."""
    description = _build_box(b"jumd", _C2PA_UUID + b"\x03c2pa\x00")
    return _build_box(b"jumb", description)


def embed_manifest(image: bytes, manifest: bytes) -> bytes:
    """Embed a manifest store in a PNG or JPEG; return a WebP as it is."""
    if image.startswith(PNG_SIGNATURE):
        at = len(PNG_SIGNATURE) + _HEADER_CHUNK_BYTES
        checksum = zlib.crc32(b"caBX" + manifest)
        chunk = struct.pack("!I", len(manifest)) + b"caBX" + manifest + struct.pack("!I", checksum)
        return image[:at] + chunk + image[at:]
    if image.startswith(JPEG_START):
        return JPEG_START + b"".join(_build_segments(manifest)) + image[len(JPEG_START) :]
    return image


def _build_segments(box: bytes) -> list[bytes]:
    """Split a box over segments APP11; each repeats the box's header."""
    header, contents = box[:_BOX_HEADER_BYTES], box[_BOX_HEADER_BYTES:]
    parts = [contents[start : start + _SEGMENT_BYTES] for start in range(0, len(contents), _SEGMENT_BYTES)] or [b""]
    segments = []
    for number, part in enumerate(parts, 1):
        payload = b"JP" + struct.pack("!HI", 1, number) + header + part
        segments.append(struct.pack("!HH", _APP11, len(payload) + 2) + payload)
    return segments


def _build_box(name: bytes, contents: bytes) -> bytes:
    return struct.pack("!I", len(contents) + _BOX_HEADER_BYTES) + name + contents

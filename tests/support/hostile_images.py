"""Files made to break decoders, each with the code of its rejection by the worker."""

import struct
import zlib
from typing import Final

from PIL import Image

from tests.support.images import encode_image, make_grainy_image, make_png_chunk


def make_png(width: int, height: int, *chunks: bytes, depth: int = 8, colour_type: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    row = bytes(1 + (width * depth + 7) // 8)
    pixels = make_png_chunk(b"IDAT", zlib.compress(row * min(height, 64), 9))
    return b"\x89PNG\r\n\x1a\n" + make_png_chunk(b"IHDR", header) + b"".join(chunks) + pixels + make_png_chunk(b"IEND")


def make_jpeg(width: int, height: int) -> bytes:
    """Make a JPEG of 631 bytes whose header declares this size."""
    jpeg = encode_image(Image.new("RGB", (8, 8)), "JPEG")
    offset = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:offset] + struct.pack(">HH", height, width) + jpeg[offset + 4 :]


def make_gif(width: int, height: int, *blocks: bytes, frame: tuple[int, int] | None = None) -> bytes:
    screen = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6)
    image = b"," + struct.pack("<HHHH", 0, 0, *(frame or (width, height))) + b"\0\x02\x02\x4c\x01\0;"
    return screen + b"".join(blocks) + image


def make_webp(width: int, height: int) -> bytes:
    """Make a lossless WebP of 34 bytes: its header and no pixels."""
    bits = (width - 1) | (height - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<I", 14) + b"\x2f" + struct.pack("<I", bits) + bytes(9)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def make_progressive_jpeg(scan_count: int) -> bytes:
    progressive = encode_image(Image.new("RGB", (640, 480), (90, 120, 30)), "JPEG", progressive=True)
    last_scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    return progressive[:-2] + last_scan * (scan_count - progressive.count(b"\xff\xda")) + b"\xff\xd9"


BOMB: Final = zlib.compress(bytes(64 << 20), 9)
GIF_COMMENTS: Final = b"!\xfe" + b"\x01x" * 200_000 + b"\0"
JPEG_COMMENTS: Final = b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000 + encode_image(Image.new("RGB", (64, 64)), "JPEG")[2:]

HOSTILE_FILES: Final[dict[str, tuple[bytes, str]]] = {
    "PNG of 50000 x 50000 in 1 bit": (make_png(50_000, 50_000, depth=1), "too_many_pixels"),
    "PNG of 13300 x 13300, where Pillow only warns": (make_png(13_300, 13_300), "too_many_pixels"),
    "PNG of 9400 x 9400, where Pillow says nothing": (make_png(9400, 9400), "too_many_pixels"),
    "PNG as thin as a hair": (make_png(20_000_000, 1), "too_small"),
    "JPEG of 13000 x 13000 in 631 bytes": (make_jpeg(13_000, 13_000), "too_many_pixels"),
    "JPEG of 65500 x 65500": (make_jpeg(65_500, 65_500), "too_many_pixels"),
    "JPEG of 7000 x 7000 in 631 bytes, under the limit": (make_jpeg(7000, 7000), "truncated"),
    "JPEG of 1 x 1": (make_jpeg(1, 1), "too_small"),
    "WebP of 12000 x 12000 in 34 bytes": (make_webp(12_000, 12_000), "too_many_pixels"),
    "WebP of 16383 x 16383 in 34 bytes, which Pillow itself refuses": (make_webp(16_383, 16_383), "unreadable"),
    "GIF with a screen of 50000 x 50000": (make_gif(50_000, 50_000), "too_many_pixels"),
    "GIF with a frame of 9000 x 9000 beyond its screen": (make_gif(64, 64, frame=(9000, 9000)), "too_many_pixels"),
    "GIF with a frame of 11000 x 11000, where Pillow warns": (
        make_gif(64, 64, frame=(11_000, 11_000)),
        "too_many_pixels",
    ),
    "GIF with a frame of 65535 x 65535": (make_gif(64, 64, frame=(65_535, 65_535)), "unreadable"),
    "PNG of 400000 chunks": (make_png(64, 64, make_png_chunk(b"prVt") * 400_000), "too_many_chunks"),
    "JPEG of 100000 comments": (JPEG_COMMENTS, "too_many_chunks"),
    "JPEG of 300 scans": (make_progressive_jpeg(300), "too_many_chunks"),
    "JPEG of 300 scans behind 30000 segments": (
        make_progressive_jpeg(300).replace(b"\xff\xd8", b"\xff\xd8" + b"\xff\xfe\0\x02" * 30_000, 1),
        "too_many_chunks",
    ),
    "GIF with a comment of 200000 pieces": (make_gif(64, 64, GIF_COMMENTS), "too_many_chunks"),
    "PNG without a palette where one is due": (make_png(64, 64, colour_type=3), "unreadable"),
    "PNG of no known colour type": (make_png(64, 64, colour_type=5), "unreadable"),
    "PNG of no pixels at all": (make_png(0, 0), "unreadable"),
    "WebP that ends before its RIFF does": (make_webp(64, 64)[:-1], "truncated"),
    "file of 26 MiB": (encode_image(make_grainy_image(64), "PNG") + bytes(26 << 20), "too_large"),
    "SVG called a PNG": (
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "unsupported_type",
    ),
    "EPS called a JPEG": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unsupported_type"),
    "TIFF": (encode_image(make_grainy_image(64), "TIFF"), "unsupported_type"),
    "nothing": (b"", "unsupported_type"),
    "text behind a PNG's signature": (b"\x89PNG\r\n\x1a\n<svg/>" + bytes(90), "unreadable"),
    "text behind a JPEG's first bytes": (b"\xff\xd8\xff<html><script>alert(1)</script></html>", "unreadable"),
    "text behind an AVIF's brand": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif<html/>" + bytes(90), "unreadable"),
}


def break_checksum(chunk: bytes) -> bytes:
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


BROKEN_CHUNKS: Final[dict[str, bytes]] = {
    "a zTXt that swells to 64 MB": make_png_chunk(b"zTXt", b"x\0\0" + BOMB),
    "an iTXt that swells to 64 MB": make_png_chunk(b"iTXt", b"x\0\1\0\0\0" + BOMB),
    "a profile that swells to 64 MB": make_png_chunk(b"iCCP", b"x\0\0" + BOMB),
    "2 MiB of text": make_png_chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"x" * (2 << 20))),
    "a zTXt of unknown compression": make_png_chunk(b"zTXt", b"x\0\1rest"),
    "a zTXt that does not inflate": make_png_chunk(b"zTXt", b"x\0\0rest"),
    "a profile of unknown compression": make_png_chunk(b"iCCP", b"x\0\1rest"),
    "a profile that does not inflate": make_png_chunk(b"iCCP", b"x\0\0rest"),
    "a profile without a name": make_png_chunk(b"iCCP", b""),
    "an empty sRGB": make_png_chunk(b"sRGB"),
    "an empty gAMA": make_png_chunk(b"gAMA"),
    "a gAMA of zero": make_png_chunk(b"gAMA", bytes(4)),
    "a short cHRM": make_png_chunk(b"gAMA", struct.pack(">I", 45455)) + make_png_chunk(b"cHRM", bytes(7)),
    "a cHRM of zeros": make_png_chunk(b"gAMA", struct.pack(">I", 45455)) + make_png_chunk(b"cHRM", bytes(32)),
    "a short cICP": make_png_chunk(b"cICP", b"\x09"),
    "a cICP of unknown code points": make_png_chunk(b"cICP", bytes((99, 200, 0, 1))),
    "a short pHYs": make_png_chunk(b"pHYs", b"\0"),
    "a short tRNS": make_png_chunk(b"tRNS", b"\0"),
    "a short acTL": make_png_chunk(b"acTL", b"\0"),
    "an acTL of no frames": make_png_chunk(b"acTL", bytes(8)),
    "a short fcTL": make_png_chunk(b"fcTL", b"\0"),
    "an eXIf that is none": make_png_chunk(b"eXIf", b"nonsense"),
    "an unknown chunk": make_png_chunk(b"prVt", b"private"),
    "an sRGB with a wrong checksum": break_checksum(make_png_chunk(b"sRGB", b"\0")),
    "a pHYs with a wrong checksum": break_checksum(make_png_chunk(b"pHYs", bytes(9))),
    "a tEXt with a wrong checksum": break_checksum(make_png_chunk(b"tEXt", b"Software\0gimp")),
    "a tRNS with a wrong checksum": break_checksum(make_png_chunk(b"tRNS", bytes(6))),
    "a gAMA with a wrong checksum": break_checksum(make_png_chunk(b"gAMA", struct.pack(">I", 100_000))),
    "a cICP with a wrong checksum": break_checksum(make_png_chunk(b"cICP", bytes((9, 16, 0, 1)))),
}
"""Chunks beside a PNG's pixels which a decoder leaves out."""

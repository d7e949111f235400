"""Small valid images of every kind, to be broken, and files made to break decoders."""

import io
import struct
import zipfile
import zlib
from functools import cache
from random import Random

from PIL import Image, ImageCms

from tests.support.colour_files import (
    P3_CHROMATICITIES,
    make_cicp,
    make_described_avif,
    make_described_png,
    make_gamma,
    make_iccp,
    make_light_level,
    make_profile_with_code_points,
)
from tests.support.hostile_images import BROKEN_CHUNKS
from tests.support.images import encode_image, make_png_chunk

SIDE = 48


def make_small_noise(mode: str = "RGB", side: int = SIDE, seed: int = 1) -> Image.Image:
    bands = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "YCbCr": 3, "RGBA": 4, "CMYK": 4}[mode]
    return Image.frombytes(mode, (side, side), Random(seed).randbytes(side * side * bands))


@cache
def make_valid_images() -> dict[str, bytes]:
    """Return an image of every kind that is read, with the metadata that it may have."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = Image.frombytes("I;16", (SIDE, SIDE), Random(2).randbytes(2 * SIDE * SIDE))
    frames = [make_small_noise(seed=seed) for seed in range(3)]
    return {
        "PNG": encode_image(make_small_noise(), "PNG", icc_profile=profile, exif=exif),
        "PNG of 16 bit": encode_image(deep, "PNG"),
        "PNG with a palette": encode_image(make_small_noise().quantize(16), "PNG", transparency=3),
        "PNG with alpha": encode_image(make_small_noise("RGBA"), "PNG"),
        "PNG in 1 bit": encode_image(make_small_noise("L").convert("1"), "PNG"),
        "APNG": encode_image(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "JPEG": encode_image(make_small_noise(), "JPEG", icc_profile=profile, exif=exif),
        "progressive JPEG": encode_image(make_small_noise(), "JPEG", progressive=True, restart_marker_blocks=2),
        "JPEG in CMYK": encode_image(make_small_noise("CMYK"), "JPEG"),
        "grey JPEG": encode_image(make_small_noise("L"), "JPEG"),
        "GIF": encode_image(frames[0], "GIF", save_all=True, append_images=frames[1:], comment=b"x" * 300),
        "WebP": encode_image(make_small_noise("RGBA"), "WEBP", exif=exif, icc_profile=profile),
        "lossless WebP": encode_image(make_small_noise(), "WEBP", lossless=True),
        "animated WebP": encode_image(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "AVIF": encode_image(make_small_noise(), "AVIF", exif=exif),
        "AVIF in PQ": make_described_avif(9, 16),
        "PNG in PQ": make_described_png(make_cicp(9, 16), make_light_level(400)),
        "PNG with gamma and primaries": make_described_png(make_gamma(0.5), P3_CHROMATICITIES),
        "PNG with code points in its profile": make_described_png(make_iccp(make_profile_with_code_points(12, 18))),
        "GIF with a frame in a corner": make_cornered_gif(),
    }


def make_cornered_gif() -> bytes:
    gif = bytearray(encode_image(make_small_noise(), "GIF"))
    gif[6:10] = struct.pack("<HH", 2 * SIDE, 2 * SIDE)
    return bytes(gif)


def insert_after_header(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def make_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.txt", "x")
    return out.getvalue()


@cache
def make_hostile_files() -> dict[str, tuple[bytes, set[str]]]:
    """Return files made to break decoders, each with its permitted outcomes."""
    png, jpeg, gif = (
        encode_image(make_small_noise(), "PNG"),
        encode_image(make_small_noise(), "JPEG"),
        encode_image(make_small_noise(), "GIF"),
    )
    huge = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + make_png_chunk(b"IHDR", huge)
        + make_png_chunk(b"IDAT", zlib.compress(bytes(64 << 20), 9))
    )
    tiff = encode_image(make_small_noise(), "TIFF")
    unreadable = {"unsupported_type", "unreadable"}
    damaged = {"shown", "unreadable", "truncated"}
    return {
        "1 x 1": (encode_image(make_small_noise(side=1), "PNG"), {"too_small"}),
        "1 x 1 in GIF": (encode_image(make_small_noise(side=1), "GIF"), {"too_small"}),
        "30000 x 30000 of nothing": (bomb + make_png_chunk(b"IEND", b""), {"too_many_pixels"}),
        "30000 x 30000 in a JPEG": (make_resized_jpeg(30_000), {"too_many_pixels"}),
        "25 MiB of noise": (Random(3).randbytes(25 << 20), unreadable),
        "25 MiB of noise behind a PNG": ((png + Random(4).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a JPEG": ((jpeg[:-2] + Random(5).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a GIF": ((gif + Random(6).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a WebP's header": (
            b"RIFF\xff\xff\xff\xffWEBPVP8L" + Random(7).randbytes(25 << 20),
            {"too_large"},
        ),
        "TIFF of 30000 x 30000": (tiff.replace(struct.pack("<H", SIDE), struct.pack("<H", 30_000)), unreadable),
        "BMP": (encode_image(make_small_noise(), "BMP"), unreadable),
        "ICO": (encode_image(make_small_noise(), "ICO"), unreadable),
        "HTML": (b"<!doctype html><img src=x onerror=alert(1)>", unreadable),
        "SVG": (b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa">]><svg>&a;</svg>', unreadable),
        "PDF": (b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj", unreadable),
        "empty": (b"", unreadable),
        "PNG and ZIP in one": (png + make_zip(), {"shown"}),
        "ZIP and PNG in one": (make_zip() + png, unreadable),
        "GIF and script in one": (
            b"GIF89a/*" + gif[8:] + b"*/=1;alert(1)",
            {"shown", "unreadable", "too_many_pixels", "truncated"},
        ),
        "JPEG and HTML in one": (jpeg + b"<script>alert(1)</script>", {"shown"}),
        "JPEG with HTML in its comment": (jpeg[:2] + b"\xff\xfe\0\x12<script>alert(1)"[:20] + jpeg[2:], damaged),
        "PNG with a broken profile": (
            insert_after_header(png, make_png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))),
            {"shown"},
        ),
        "JPEG with a broken profile": (encode_image(make_small_noise(), "JPEG", icc_profile=b"\0" * 200), {"shown"}),
        "PNG with broken EXIF": (
            insert_after_header(png, make_png_chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
            {"shown"},
        ),
        "JPEG with broken EXIF": (
            encode_image(make_small_noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 90),
            {"shown"},
        ),
        **{f"PNG with {name}": (insert_after_header(png, chunk), {"shown"}) for name, chunk in BROKEN_CHUNKS.items()},
        "PNG that holds a PNG": (insert_after_header(png, make_png_chunk(b"prVt", png)), {"shown"}),
    }


def make_resized_jpeg(side: int) -> bytes:
    """Make a small JPEG whose header declares this size."""
    jpeg = encode_image(make_small_noise(side=8), "JPEG")
    offset = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:offset] + struct.pack(">HH", side, side) + jpeg[offset + 4 :]

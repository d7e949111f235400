"""Good pictures of every kind, small, to be broken; and the ones that were made to break things."""

import io
import struct
import zipfile
import zlib
from functools import cache
from random import Random

from PIL import Image, ImageCms

SIDE = 48


def encode_image(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def make_noise_image(mode: str = "RGB", side: int = SIDE, seed: int = 1) -> Image.Image:
    bands = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "YCbCr": 3, "RGBA": 4, "CMYK": 4}[mode]
    return Image.frombytes(mode, (side, side), Random(seed).randbytes(side * side * bands))


@cache
def make_valid_images() -> dict[str, bytes]:
    """Every kind that is read, with all that may go with it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = Image.frombytes("I;16", (SIDE, SIDE), Random(2).randbytes(2 * SIDE * SIDE))
    film = [make_noise_image(seed=seed) for seed in range(3)]
    return {
        "PNG": encode_image(make_noise_image(), "PNG", icc_profile=profile, exif=exif),
        "PNG of 16 bit": encode_image(deep, "PNG"),
        "PNG with a palette": encode_image(make_noise_image().quantize(16), "PNG", transparency=3),
        "PNG with alpha": encode_image(make_noise_image("RGBA"), "PNG"),
        "PNG in 1 bit": encode_image(make_noise_image("L").convert("1"), "PNG"),
        "APNG": encode_image(film[0], "PNG", save_all=True, append_images=film[1:]),
        "JPEG": encode_image(make_noise_image(), "JPEG", icc_profile=profile, exif=exif),
        "progressive JPEG": encode_image(make_noise_image(), "JPEG", progressive=True, restart_marker_blocks=2),
        "JPEG in CMYK": encode_image(make_noise_image("CMYK"), "JPEG"),
        "grey JPEG": encode_image(make_noise_image("L"), "JPEG"),
        "GIF": encode_image(film[0], "GIF", save_all=True, append_images=film[1:], comment=b"x" * 300),
        "WebP": encode_image(make_noise_image("RGBA"), "WEBP", exif=exif, icc_profile=profile),
        "lossless WebP": encode_image(make_noise_image(), "WEBP", lossless=True),
        "animated WebP": encode_image(film[0], "WEBP", save_all=True, append_images=film[1:]),
        "AVIF": encode_image(make_noise_image(), "AVIF", exif=exif),
    }


def make_png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def insert_after_header(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def make_zip_in_png() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("evil.txt", "x")
    return packed.getvalue()


@cache
def make_hostile_files() -> dict[str, tuple[bytes, set[str]]]:
    """Files made to break things, each with what may come of it."""
    png, jpeg, gif = (
        encode_image(make_noise_image(), "PNG"),
        encode_image(make_noise_image(), "JPEG"),
        encode_image(make_noise_image(), "GIF"),
    )
    huge = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + make_png_chunk(b"IHDR", huge)
        + make_png_chunk(b"IDAT", zlib.compress(bytes(64 << 20), 9))
    )
    tiff = encode_image(make_noise_image(), "TIFF")
    unread = {"unsupported_type", "unreadable"}
    damaged = {"shown", "unreadable", "truncated"}
    return {
        "1 x 1": (encode_image(make_noise_image(side=1), "PNG"), {"too_small"}),
        "1 x 1 in GIF": (encode_image(make_noise_image(side=1), "GIF"), {"too_small"}),
        "30000 x 30000 of nothing": (bomb + make_png_chunk(b"IEND", b""), {"too_many_pixels"}),
        "30000 x 30000 in a JPEG": (make_resized_jpeg(30_000), {"too_many_pixels"}),
        "25 MiB of noise": (Random(3).randbytes(25 << 20), unread),
        "25 MiB of noise behind a PNG": ((png + Random(4).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a JPEG": ((jpeg[:-2] + Random(5).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a GIF": ((gif + Random(6).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a WebP's header": (
            b"RIFF\xff\xff\xff\xffWEBPVP8L" + Random(7).randbytes(25 << 20),
            {"too_large"},
        ),
        "TIFF of 30000 x 30000": (tiff.replace(struct.pack("<H", SIDE), struct.pack("<H", 30_000)), unread),
        "BMP": (encode_image(make_noise_image(), "BMP"), unread),
        "ICO": (encode_image(make_noise_image(), "ICO"), unread),
        "HTML": (b"<!doctype html><img src=x onerror=alert(1)>", unread),
        "SVG": (b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa">]><svg>&a;</svg>', unread),
        "PDF": (b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj", unread),
        "empty": (b"", unread),
        "PNG and ZIP in one": (png + make_zip_in_png(), {"shown"}),
        "ZIP and PNG in one": (make_zip_in_png() + png, unread),
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
        "JPEG with a broken profile": (encode_image(make_noise_image(), "JPEG", icc_profile=b"\0" * 200), {"shown"}),
        "PNG with broken EXIF": (
            insert_after_header(png, make_png_chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
            {"shown"},
        ),
        "JPEG with broken EXIF": (
            encode_image(make_noise_image(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 90),
            {"shown"},
        ),
        "PNG that holds a PNG": (insert_after_header(png, make_png_chunk(b"prVt", png)), {"shown"}),
    }


def make_resized_jpeg(side: int) -> bytes:
    small = encode_image(make_noise_image(side=8), "JPEG")
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", side, side) + small[at + 4 :]

"""Good pictures of every kind, small, to be broken; and the ones that were made to break things."""

import io
import struct
import zipfile
import zlib
from functools import cache
from random import Random

from PIL import Image, ImageCms

SIDE = 48


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def noise(mode: str = "RGB", side: int = SIDE, seed: int = 1) -> Image.Image:
    bands = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "YCbCr": 3, "RGBA": 4, "CMYK": 4}[mode]
    return Image.frombytes(mode, (side, side), Random(seed).randbytes(side * side * bands))


@cache
def good() -> dict[str, bytes]:
    """Every kind that is read, with all that may go with it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = Image.frombytes("I;16", (SIDE, SIDE), Random(2).randbytes(2 * SIDE * SIDE))
    film = [noise(seed=seed) for seed in range(3)]
    return {
        "PNG": encoded(noise(), "PNG", icc_profile=profile, exif=exif),
        "PNG of 16 bit": encoded(deep, "PNG"),
        "PNG with a palette": encoded(noise().quantize(16), "PNG", transparency=3),
        "PNG with alpha": encoded(noise("RGBA"), "PNG"),
        "PNG in 1 bit": encoded(noise("L").convert("1"), "PNG"),
        "APNG": encoded(film[0], "PNG", save_all=True, append_images=film[1:]),
        "JPEG": encoded(noise(), "JPEG", icc_profile=profile, exif=exif),
        "progressive JPEG": encoded(noise(), "JPEG", progressive=True, restart_marker_blocks=2),
        "JPEG in CMYK": encoded(noise("CMYK"), "JPEG"),
        "grey JPEG": encoded(noise("L"), "JPEG"),
        "GIF": encoded(film[0], "GIF", save_all=True, append_images=film[1:], comment=b"x" * 300),
        "WebP": encoded(noise("RGBA"), "WEBP", exif=exif, icc_profile=profile),
        "lossless WebP": encoded(noise(), "WEBP", lossless=True),
        "animated WebP": encoded(film[0], "WEBP", save_all=True, append_images=film[1:]),
        "AVIF": encoded(noise(), "AVIF", exif=exif),
    }


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def behind_header(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("evil.txt", "x")
    return packed.getvalue()


@cache
def hostile() -> dict[str, tuple[bytes, set[str]]]:
    """Files made to break things, each with what may come of it."""
    png, jpeg, gif = encoded(noise(), "PNG"), encoded(noise(), "JPEG"), encoded(noise(), "GIF")
    huge = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", huge) + chunk(b"IDAT", zlib.compress(bytes(64 << 20), 9))
    tiff = encoded(noise(), "TIFF")
    unread = {"unsupported_type", "unreadable"}
    damaged = {"shown", "unreadable", "truncated"}
    return {
        "1 x 1": (encoded(noise(side=1), "PNG"), {"too_small"}),
        "1 x 1 in GIF": (encoded(noise(side=1), "GIF"), {"too_small"}),
        "30000 x 30000 of nothing": (bomb + chunk(b"IEND", b""), {"too_many_pixels"}),
        "30000 x 30000 in a JPEG": (resized_jpeg(30_000), {"too_many_pixels"}),
        "25 MiB of noise": (Random(3).randbytes(25 << 20), unread),
        "25 MiB of noise behind a PNG": ((png + Random(4).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a JPEG": ((jpeg[:-2] + Random(5).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a GIF": ((gif + Random(6).randbytes(25 << 20))[: 25 << 20], damaged),
        "25 MiB of noise behind a WebP's header": (
            b"RIFF\xff\xff\xff\xffWEBPVP8L" + Random(7).randbytes(25 << 20),
            {"too_large"},
        ),
        "TIFF of 30000 x 30000": (tiff.replace(struct.pack("<H", SIDE), struct.pack("<H", 30_000)), unread),
        "BMP": (encoded(noise(), "BMP"), unread),
        "ICO": (encoded(noise(), "ICO"), unread),
        "HTML": (b"<!doctype html><img src=x onerror=alert(1)>", unread),
        "SVG": (b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa">]><svg>&a;</svg>', unread),
        "PDF": (b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj", unread),
        "empty": (b"", unread),
        "PNG and ZIP in one": (png + archive(), {"shown"}),
        "ZIP and PNG in one": (archive() + png, unread),
        "GIF and script in one": (
            b"GIF89a/*" + gif[8:] + b"*/=1;alert(1)",
            {"shown", "unreadable", "too_many_pixels", "truncated"},
        ),
        "JPEG and HTML in one": (jpeg + b"<script>alert(1)</script>", {"shown"}),
        "JPEG with HTML in its comment": (jpeg[:2] + b"\xff\xfe\0\x12<script>alert(1)"[:20] + jpeg[2:], damaged),
        "PNG with a broken profile": (
            behind_header(png, chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))),
            {"shown"},
        ),
        "JPEG with a broken profile": (encoded(noise(), "JPEG", icc_profile=b"\0" * 200), {"shown"}),
        "PNG with broken EXIF": (behind_header(png, chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")), {"shown"}),
        "JPEG with broken EXIF": (
            encoded(noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 90),
            {"shown"},
        ),
        "PNG that holds a PNG": (behind_header(png, chunk(b"prVt", png)), {"shown"}),
    }


def resized_jpeg(side: int) -> bytes:
    small = encoded(noise(side=8), "JPEG")
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", side, side) + small[at + 4 :]

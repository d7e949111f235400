"""The pictures that the benchmarks are made with, as large as people's own."""

import io
from collections.abc import Mapping
from functools import cache

from PIL import Image


def make_photo(width: int, height: int) -> Image.Image:
    """Soft shapes under fine noise: about as many bytes a pixel as a phone's picture."""
    soft = Image.effect_noise((width // 64, height // 64), 90).resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((width, height), 14)
    bands = [Image.blend(soft, grain, share) for share in (0.4, 0.5, 0.45)]
    return Image.merge("RGB", bands)


def encode_image(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def make_rotated_exif() -> Image.Exif:
    """Return the EXIF of a phone that was held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@cache
def make_uploads() -> Mapping[str, bytes]:
    """Return typical attachments, by the names in the benchmark's rows."""
    film = [make_photo(640, 480).quantize(256) for _ in range(5)]
    deep = make_photo(2560, 1600).getchannel("G").convert("I").point(lambda value: value * 257)
    return {
        "JPEG 12 MP": encode_image(make_photo(4000, 3000), "JPEG", quality=88, exif=make_rotated_exif()),
        "JPEG 48 MP": encode_image(make_photo(8000, 6000), "JPEG", quality=85, exif=make_rotated_exif()),
        "PNG 4 MP RGBA": encode_image(make_photo(2560, 1600).quantize(64).convert("RGBA"), "PNG", compress_level=1),
        "WebP 12 MP": encode_image(make_photo(4000, 3000), "WEBP", quality=80, method=0),
        "GIF": encode_image(film[0], "GIF", save_all=True, append_images=film[1:]),
        "16-bit PNG 4 MP": encode_image(deep.convert("I;16"), "PNG", compress_level=1),
    }


@cache
def make_large_images() -> Mapping[str, bytes]:
    """Large images that common devices make, of the kinds that take the most memory."""
    square, scan = make_photo(5000, 5000), make_photo(4960, 7016).getchannel("G")
    clear = square.copy()
    clear.putalpha(Image.linear_gradient("L").resize(square.size, Image.Resampling.NEAREST))
    screen = make_photo(1920, 1080).quantize(64).convert("RGBA").resize((7680, 4320), Image.Resampling.NEAREST)
    see_through = screen.copy()
    see_through.putpixel((0, 0), (0, 0, 0, 0))
    phone = make_photo(8192, 6144)
    return {
        "WebP 25 MP with alpha": encode_image(clear, "WEBP", quality=75, method=1),
        "WebP 25 MP": encode_image(square, "WEBP", quality=75, method=0),
        "lossless WebP 25 MP with alpha": encode_image(
            see_through.resize((5000, 5000), Image.Resampling.NEAREST), "WEBP", lossless=True, method=0, quality=0
        ),
        "AVIF 25 MP with alpha": encode_image(clear, "AVIF", quality=50, speed=10),
        "PNG 8K": encode_image(screen, "PNG", compress_level=1),
        "PNG 8K with alpha": encode_image(see_through, "PNG", compress_level=1),
        "PNG A4 600 dpi in 1 bit": encode_image(scan.convert("1"), "PNG"),
        "PNG A4 600 dpi in a palette": encode_image(scan.quantize(16), "PNG", compress_level=1),
        "GIF 25 MP with transparency": encode_image(scan.resize((5000, 5000)).quantize(16), "GIF", transparency=3),
        "JPEG 50 MP": encode_image(phone, "JPEG", quality=85),
        "progressive JPEG 50 MP": encode_image(phone, "JPEG", quality=85, progressive=True),
        "progressive JPEG 50 MP, 4:4:4": encode_image(phone, "JPEG", quality=75, progressive=True, subsampling=0),
    }


@cache
def make_model_image() -> bytes:
    """Return an image as from a model: a PNG of 1024 x 1024 pixels and 1.6 MB, 2.1 MB as JSON."""
    return encode_image(make_photo(1024, 1024), "PNG", compress_level=1)

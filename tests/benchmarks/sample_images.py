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
    """What a phone writes that was held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@cache
def make_uploads() -> Mapping[str, bytes]:
    """What people attach, by the names that the rows carry."""
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
def make_model_image() -> bytes:
    """What a model answers: a PNG of 1024 x 1024 pixels and 1.6 MB, which makes 2.1 MB of JSON."""
    return encode_image(make_photo(1024, 1024), "PNG", compress_level=1)

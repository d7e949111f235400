"""Images of one colour or of noise, and checks of their pixels."""

import io
import struct
import zlib
from random import Random

from PIL import Image

Colour = tuple[int, int, int]

RED, GREEN, BLUE, YELLOW, WHITE = (220, 40, 40), (40, 200, 60), (50, 70, 220), (230, 220, 60), (255, 255, 255)


def encode_image(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def open_image(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def make_png(side: int = 64) -> bytes:
    """Make a small PNG of one colour."""
    return encode_image(Image.new("RGB", (side, side), "teal"), "PNG")


def make_png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_noise_image(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """Make an image of independent random bytes, the same for each seed."""
    return Image.frombytes("RGB", size, Random(seed).randbytes(3 * size[0] * size[1]))


def make_grainy_image(side: int) -> Image.Image:
    """Make a square grey image with Gaussian noise, a different one each time."""
    return Image.merge("RGB", [Image.effect_noise((side, side), 60) for _ in range(3)])


def is_near(pixel: object, colour: Colour, tolerance: int = 14) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(value - expected) <= tolerance for value, expected in zip(pixel, colour, strict=True))


def get_grey_range(image: Image.Image) -> tuple[int, int]:
    """Return the darkest and the lightest grey."""
    histogram = image.convert("L").histogram()
    greys = [grey for grey, count in enumerate(histogram) if count]
    return greys[0], greys[-1]

"""Images of one colour or of noise, and checks of the pixels of a drawing."""

import io
from random import Random

from PIL import Image

from bot.images.canvas import RenderedImage
from bot.images.thumbnail import make_thumbnail

Colour = tuple[int, int, int]

RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 200, 60), (50, 70, 220), (230, 220, 60)
BACKGROUND = (30, 31, 34)


def encode_image(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make_png(side: int = 64) -> bytes:
    """Make a small PNG of one colour."""
    return encode_image(Image.new("RGB", (side, side), "teal"), "PNG")


def make_solid_thumbnail(colour: Colour, size: tuple[int, int] = (512, 512)) -> bytes:
    return make_thumbnail(encode_image(Image.new("RGB", size, colour), "PNG"))


def make_noise_image(size: tuple[int, int], seed: int = 1) -> Image.Image:
    return Image.frombytes("RGB", size, Random(seed).randbytes(3 * size[0] * size[1]))


def open_image(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def open_drawing(drawing: RenderedImage) -> Image.Image:
    image = open_image(drawing.jpeg)
    assert (image.format, image.size) == ("JPEG", (drawing.width, drawing.height))
    return image.convert("RGB")


def is_near(pixel: object, colour: Colour, tolerance: int = 14) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(value - expected) <= tolerance for value, expected in zip(pixel, colour, strict=True))


def get_grey_range(image: Image.Image) -> tuple[int, int]:
    """Return the darkest and the lightest grey."""
    histogram = image.convert("L").histogram()
    greys = [grey for grey, count in enumerate(histogram) if count]
    return greys[0], greys[-1]

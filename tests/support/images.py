"""Pictures of one colour or of noise for the drawings' tests, and what is seen of a drawing."""

import io
from random import Random

from PIL import Image

from bot.images import RenderedImage, make_thumbnail

Colour = tuple[int, int, int]

RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 200, 60), (50, 70, 220), (230, 220, 60)
BACKGROUND = (30, 31, 34)


def encode_image(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
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


def open_drawing(sheet: RenderedImage) -> Image.Image:
    picture = open_image(sheet.jpeg)
    assert (picture.format, picture.size) == ("JPEG", (sheet.width, sheet.height))
    return picture.convert("RGB")


def is_near(pixel: object, colour: Colour, most: int = 14) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= most for one, other in zip(pixel, colour, strict=True))


def grey_range(image: Image.Image) -> tuple[int, int]:
    """The darkest and the lightest grey."""
    greys = image.convert("L").histogram()
    there = [grey for grey, count in enumerate(greys) if count]
    return there[0], there[-1]

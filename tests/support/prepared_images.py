"""Images of two colours, and checks of the images that are prepared from them."""

import io
from typing import Final

from PIL import Image

from tests.support.images import Colour, is_near
from worker.imaging.preparation import PreparedImage

RED, BLUE, GREEN, WHITE = (200, 40, 30), (20, 60, 200), (30, 160, 60), (255, 255, 255)
SQUARE: Final = [(128, 128)]


def make_two_halves(size: tuple[int, int] = (96, 96), left: Colour = RED, right: Colour = BLUE) -> Image.Image:
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def open_prepared(prepared: PreparedImage) -> Image.Image:
    """Open the JPEG for a model, and check its size and mode."""
    image = Image.open(io.BytesIO(prepared.data), formats=["JPEG"])
    assert image.size == (prepared.width, prepared.height)
    assert image.mode == "RGB"
    return image.convert("RGB")


def read_pixel(image: Image.Image, across: float, down: float) -> Colour:
    """Read the pixel at these fractions of the width and height."""
    pixel = image.getpixel((int(across * image.width), int(down * image.height)))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


def is_similar(pixel: Colour, expected: Colour, tolerance: int = 6) -> bool:
    return is_near(pixel, expected, tolerance)


def assert_halves(prepared: PreparedImage, left: Colour = RED, right: Colour = BLUE, tolerance: int = 6) -> None:
    image = open_prepared(prepared)
    for across, expected in ((0.2, left), (0.8, right)):
        for down in (0.05, 0.5, 0.95):
            pixel = read_pixel(image, across, down)
            assert is_similar(pixel, expected, tolerance), f"{pixel} at {across}, {down}, expected {expected}"

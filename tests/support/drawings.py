"""Thumbnails for the bot's drawings, and the drawings as images."""

from PIL import Image

from bot.images.canvas import RenderedImage
from bot.images.thumbnail import make_thumbnail
from tests.support.images import Colour, encode_image, open_image

BACKGROUND = (30, 31, 34)


def make_solid_thumbnail(colour: Colour, size: tuple[int, int] = (512, 512)) -> bytes:
    return make_thumbnail(encode_image(Image.new("RGB", size, colour), "PNG"))


def open_drawing(drawing: RenderedImage) -> Image.Image:
    image = open_image(drawing.jpeg)
    assert (image.format, image.size) == ("JPEG", (drawing.width, drawing.height))
    return image.convert("RGB")

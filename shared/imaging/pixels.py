"""Conversions of decoded pixels that the bot and the worker share."""

from types import MappingProxyType
from typing import Final

from PIL import Image

_WHITE: Final = (255, 255, 255)
_TRANSPOSES: Final = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)


def rotate_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Rotate or mirror an image stored with this EXIF orientation so that it is upright."""
    transpose = _TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def convert_sixteen_bit_grey(image: Image.Image) -> Image.Image:
    """Convert an image of Pillow's modes `I` or `I;16…` to 8 bits: 65535 becomes 255, where `convert` alone clips."""
    return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")


def lay_on_white(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """Lay an image on white. `alpha` is its alpha band, or the image itself if that has one."""
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image, mask=alpha)
    return ground

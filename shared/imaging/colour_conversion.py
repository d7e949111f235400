"""Colour modes and colour spaces: a mode that can be resized before the resize, plain sRGB after it."""

import io
import struct
from functools import cache
from typing import Final

from PIL import Image, ImageChops, ImageCms

from shared.imaging.colour_spaces import ColourSpace, HdrColour, MatrixColour
from shared.imaging.icc_profiles import build_matrix_profile
from shared.imaging.pixels import convert_sixteen_bit_grey, lay_on_white
from shared.imaging.tone_mapping import build_sdr_profile

_OPAQUE: Final = 255
_STRIP_PIXELS: Final = 1 << 20
_IMPERCEPTIBLE: Final = 2  # levels of 255 by which profiles of sRGB differ from one another


def make_resizable(image: Image.Image) -> Image.Image:
    """Convert to a mode whose values may be averaged: L, RGB, RGBA, CMYK or 16-bit grey. Opaque alpha is dropped.

    A palette, a bitmap and a colour key become RGBA or RGB, because the mean of two palette indexes is no colour. The
    colour key of 16-bit grey is ignored: Pillow has no 16-bit alpha.
    """
    if image.mode.startswith("I"):
        return image
    if not image.has_transparency_data:
        return image if image.mode in ("L", "RGB", "CMYK") else image.convert("L" if image.mode == "1" else "RGB")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    return image.convert("RGB") if image.getchannel("A").getextrema()[0] == _OPAQUE else image


def convert_to_srgb(image: Image.Image, colour: ColourSpace | None, *, may_share: bool = False) -> Image.Image:
    """Convert a resized image from its colour space (None is sRGB) to RGB in sRGB, transparent areas to white.

    The result is another image, unless it `may_share` the pixels of this one. Call it after the resize, as its cost is
    per pixel. Browsers and Discord's light theme show images on white.
    """
    if image.mode == "RGBA":
        return _convert_strips(image, colour)
    opaque = convert_sixteen_bit_grey(image) if image.mode.startswith("I") else image
    converted = opaque if colour is None else _convert_colours(opaque, colour)
    return converted if may_share and converted.mode == "RGB" else converted.convert("RGB")


def _convert_strips(image: Image.Image, colour: ColourSpace | None) -> Image.Image:
    """Convert an image with alpha strip by strip, so that no more than the image and its result are in memory."""
    result = Image.new("RGB", image.size)
    height = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, height):
        strip = image.crop((0, top, image.width, min(top + height, image.height)))
        opaque = strip.convert("RGB")
        converted = (opaque if colour is None else _convert_colours(opaque, colour)).convert("RGB")
        result.paste(lay_on_white(converted, strip.getchannel("A")), (0, top))
    return result


def _find_profile(colour: ColourSpace) -> bytes:
    match colour:
        case bytes():
            return colour
        case MatrixColour():
            return build_matrix_profile(colour)
        case HdrColour():
            return build_sdr_profile(colour)


def _convert_colours(image: Image.Image, colour: ColourSpace) -> Image.Image:
    """Convert to sRGB; return the image as it is if its profile is broken, for another mode, or sRGB's."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(_find_profile(colour)))
        if source.profile.xcolor_space.strip() == "RGB" and image.mode == "L":
            image = image.convert("RGB")
        transform = ImageCms.buildTransform(source, _load_srgb_profile(), image.mode, "RGB")
        if image.mode == "RGB" and _is_identity(transform):
            return image
        return ImageCms.applyTransform(image, transform) or image
    except (ImageCms.PyCMSError, OSError, ValueError, ZeroDivisionError, struct.error):
        return image


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """Tell whether a transform changes no colour perceptibly, by a sample of 4,096. A name would prove nothing."""
    sample = _build_sample()
    changed = ImageCms.applyTransform(sample, transform) or sample
    extrema = ImageChops.difference(sample, changed).getextrema()
    return max(highest for _, highest in extrema if isinstance(highest, int)) <= _IMPERCEPTIBLE  # type: ignore[misc]


@cache
def _build_sample() -> Image.Image:
    return Image.frombytes("RGB", (64, 64), bytes(17 * level for index in range(4096) for level in _split(index)))


def _split(index: int) -> tuple[int, int, int]:
    return index >> 8, index >> 4 & 15, index & 15


@cache
def _load_srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

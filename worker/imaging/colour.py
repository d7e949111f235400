"""Colour modes and profiles: a mode that can be resized before the resize, plain sRGB after it."""

import io
from functools import cache
from typing import Final

from PIL import Image, ImageCms

from shared.imaging.pixels import convert_sixteen_bit_grey, lay_on_white

_OPAQUE: Final = 255
_MAX_PROFILE_BYTES: Final = 4 << 20


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


def convert_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a resized image to RGB, transparent areas to white, and to sRGB if its ICC `profile` is usable.

    Call it after the resize, as its cost is per pixel. Browsers and Discord's light theme show images on white. PNG's
    gAMA and cHRM are ignored, as in most viewers.
    """
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    if alpha is not None:
        colour = image.convert("RGB")
    else:
        colour = convert_sixteen_bit_grey(image) if image.mode.startswith("I") else image
    colour = _apply_profile(colour, profile) or colour.convert("RGB")
    return colour if alpha is None else lay_on_white(colour, alpha)


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert by an embedded ICC profile; None if it is absent, broken, for another mode, or sRGB already."""
    if not profile or len(profile) > _MAX_PROFILE_BYTES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.profileToProfile(image, source, _load_srgb_profile(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@cache
def _load_srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

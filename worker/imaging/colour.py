"""A resized picture of any mode becomes plain sRGB; and any mode becomes one that can be resized."""

import io
from functools import cache
from typing import Final

from PIL import Image, ImageCms

_WHITE: Final = (255, 255, 255)
_OPAQUE: Final = 255
_MAX_PROFILE: Final = 4 << 20


def make_resizable(image: Image.Image) -> Image.Image:
    """Return a mode whose values may be mixed: L, RGB, RGBA, CMYK or 16-bit grey. Alpha that hides nothing is dropped.

    A palette, a bitmap and a colour key become RGBA or RGB here, because a mean of two palette indexes is no colour.
    A 16-bit grey picture's colour key is ignored: Pillow keeps no 16-bit alpha.
    """
    if image.mode.startswith("I"):
        return image
    if not image.has_transparency_data:
        return image if image.mode in ("L", "RGB", "CMYK") else image.convert("L" if image.mode == "1" else "RGB")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    return image.convert("RGB") if image.getchannel("A").getextrema()[0] == _OPAQUE else image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Turn a picture of a `resizable` mode into RGB on a white ground, in sRGB if its ICC `profile` is usable.

    Call it after the resize: it costs the same for each pixel. White is what browsers put behind a picture and what
    Discord's light theme shows. PNG's gAMA and cHRM are ignored, as most viewers do.
    """
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colour = _convert_to_eight_bits(image) if alpha is None else image.convert("RGB")
    colour = _apply_profile(colour, profile) or colour.convert("RGB")
    if alpha is None:
        return colour
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(colour, mask=alpha)
    return ground


def _convert_to_eight_bits(image: Image.Image) -> Image.Image:
    """65535 is white and must become 255; Pillow's own conversion clips, which turns nearly everything white."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert by an embedded ICC profile; None when it is absent, broken, made for another mode, or sRGB anyway."""
    if not profile or len(profile) > _MAX_PROFILE:
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

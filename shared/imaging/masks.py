"""Masks: which region of a picture is to be changed, in grey levels from black (keep) to white (change)."""

from typing import Final

from PIL import Image, ImageOps

from shared.imaging.decoding import decode_pixels, open_image
from shared.imaging.limits import DEFAULT_LIMITS, Limits
from shared.imaging.pixels import convert_sixteen_bit_grey, rotate_upright
from shared.problems import RejectedError, make_problem

_BLACKEST: Final = 8
_WHITEST: Final = 247
_OPAQUE: Final = 255
_HALF: Final = 128
_ONE_COLOUR_LEVELS: Final = 16  # levels of brightness among the strokes of one colour


def read_mask(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Read a mask from a picture, upright and in 8-bit grey (mode L).

    White is to be changed, and colours count by their brightness. In a picture with transparency the transparent part
    is to be changed; but if all of the rest is of one colour, these are strokes that mark what is to be changed. Raises
    `ImageRejectedError`.
    """
    opened = open_image(data, limits)
    with decode_pixels(opened) as pixels:
        grey = _convert_to_grey(pixels.image)
        return rotate_upright(grey.copy() if grey is pixels.image else grey, opened.orientation)


def extract_alpha_mask(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """Make a mask of the transparency of a picture: what is transparent is to be changed.

    Raises `ImageRejectedError`, and `RejectedError` (mask_not_transparent) if nothing is.
    """
    opened = open_image(data, limits)
    with decode_pixels(opened) as pixels:
        alpha = _get_alpha(pixels.image)
    if alpha is None:
        raise RejectedError(make_problem("mask_not_transparent"))
    return rotate_upright(ImageOps.invert(alpha), opened.orientation)


def require_partial_mask(mask: Image.Image) -> None:
    """Raise `RejectedError` (mask_empty, mask_full) unless a mask marks something, and leaves something."""
    darkest, lightest = mask.getextrema()
    if isinstance(lightest, int | float) and lightest <= _BLACKEST:
        raise RejectedError(make_problem("mask_empty"))
    if isinstance(darkest, int | float) and darkest >= _WHITEST:
        raise RejectedError(make_problem("mask_full"))


def _convert_to_grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return convert_sixteen_bit_grey(image)
    alpha = _get_alpha(image)
    if alpha is None:
        return image if image.mode == "L" else image.convert("RGB").convert("L")
    return alpha if _is_of_one_colour(image, alpha) else ImageOps.invert(alpha)


def _get_alpha(image: Image.Image) -> Image.Image | None:
    """Get the alpha of an image in which something is transparent."""
    if not image.has_transparency_data or image.mode.startswith("I"):
        return None
    alpha = (image if image.mode in ("RGBA", "LA") else image.convert("RGBA")).getchannel("A")
    return alpha if alpha.getextrema()[0] != _OPAQUE else None


def _is_of_one_colour(image: Image.Image, alpha: Image.Image) -> bool:
    opaque = alpha.point([0] * _HALF + [_OPAQUE] * _HALF)
    histogram = image.convert("RGB").convert("L").histogram(opaque)
    levels = [level for level, count in enumerate(histogram) if count]
    return bool(levels) and levels[-1] - levels[0] <= _ONE_COLOUR_LEVELS

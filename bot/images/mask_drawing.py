"""Drawing masks from shapes, and the picture with its mask laid over it."""

import io
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.domain.mask_shapes import MaskShapes, ShapeKind
from bot.images.marking import carry_source_type
from bot.images.thumbnail import LazyImage, encode_jpeg
from shared.imaging.limits import DEFAULT_LIMITS
from shared.imaging.masks import require_partial_mask

MASK_SIDE: Final = 1024
"""Pixels of the longer side of a drawn mask: it is scaled to the picture."""
PREVIEW_SIDE: Final = 768
"""Pixels of the longer side of a preview."""
_SUPERSAMPLING: Final = 2
_OVERLAY_COLOUR: Final = (255, 46, 99)
_OVERLAY_OPACITY: Final = 0.6
_EDGE_COLOUR: Final = (255, 255, 255)
_EDGE_LEVEL: Final = 128


def draw_mask(mask: MaskShapes, size: tuple[int, int]) -> bytes:
    """Draw the mask of a picture of this size, as a grey PNG: white is changed, black is kept.

    Raises `RejectedError` (mask_empty, mask_full).
    """
    scale = MASK_SIDE / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    canvas = Image.new("L", (width * _SUPERSAMPLING, height * _SUPERSAMPLING))
    draw = ImageDraw.Draw(canvas)
    for shape in mask.shapes:
        # Pillow draws the pixels of both corners
        right, bottom = shape.right * canvas.width - 1, shape.bottom * canvas.height - 1
        box = (round(shape.left * canvas.width), round(shape.top * canvas.height), round(right), round(bottom))
        (draw.ellipse if shape.kind is ShapeKind.ELLIPSE else draw.rectangle)(box, fill=255)
    drawn = canvas.resize((width, height), Image.Resampling.BOX)
    if mask.feather:
        drawn = drawn.filter(ImageFilter.GaussianBlur(mask.feather / 100 * min(width, height) / 2))
    if mask.is_inverted:
        drawn = ImageChops.invert(drawn)
    require_partial_mask(drawn)
    return encode_mask(drawn)


def encode_mask(mask: Image.Image) -> bytes:
    """Encode a mask as PNG."""
    out = io.BytesIO()
    mask.save(out, "PNG")
    return out.getvalue()


def draw_mask_preview(picture: bytes, mask: Image.Image) -> bytes:
    """Draw a picture with its mask laid over it, in red with a white edge, as a JPEG of at most 768 pixels a side.

    It decodes, so it belongs in a thread. Raises `ImageRejectedError`.
    """
    image = LazyImage(picture, PREVIEW_SIDE, DEFAULT_LIMITS).decode()
    fitted = mask.resize(image.size, Image.Resampling.BILINEAR)
    opacity = fitted.point([round(level * _OVERLAY_OPACITY) for level in range(256)])
    image.paste(_OVERLAY_COLOUR, (0, 0), opacity)
    outside = fitted.point([255 if level >= _EDGE_LEVEL else 0 for level in range(256)])
    edge = ImageChops.difference(outside.filter(ImageFilter.MaxFilter(5)), outside)
    image.paste(_EDGE_COLOUR, (0, 0), edge)
    return carry_source_type(picture, encode_jpeg(image))

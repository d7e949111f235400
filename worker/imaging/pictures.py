"""Preparing all pictures of a request for its model: the source, its mask, and a picture of a style."""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from shared.catalogue import Model, Size
from shared.imaging.masks import extract_alpha_mask, read_mask, require_partial_mask
from shared.request.model import Fit, Request
from shared.request.pictures import Pictures
from worker.imaging.fitting import compute_placement
from worker.imaging.preparation import MAX_SENT_BYTES, PreparedImage, encode_jpeg, prepare_image

_MASK_MAX_BYTES: Final = 4_000_000
_REDUCING_GAP: Final = 2.0
_PNG_LEVEL: Final = 3  # masks are mostly of one level, and more effort hardly makes them smaller


@dataclass(frozen=True)
class PreparedPictures:
    """The pictures as the model gets them, and the size of the source; (0, 0) without one."""

    pictures: Pictures
    size: Size = (0, 0)


def prepare_pictures(uploads: Pictures, request: Request, model: Model) -> PreparedPictures:
    """Fit the source and the picture of a style into the model's limits, and the mask to the source.

    Together they take at most as much as a request may hold. Where there is no mask, the source's transparency is it;
    a source that was stored for later has no transparency, but its mask is stored with it. Raises `ImageRejectedError`,
    and `RejectedError` (mask_empty, mask_full, mask_not_transparent).
    """
    if uploads.source is None:
        return PreparedPictures(Pictures())
    fit = request.fit or Fit.CROP
    max_bytes = MAX_SENT_BYTES // 2 if request.has_style_picture else MAX_SENT_BYTES
    if request.mask is not None:
        max_bytes -= _MASK_MAX_BYTES
    source = prepare_image(uploads.source, model.accepted_sizes, fit, max_bytes=max_bytes)
    mask = style = None
    if request.mask is not None:
        marked = extract_alpha_mask(uploads.source) if uploads.mask is None else read_mask(uploads.mask)
        mask = _encode_mask(_fit_mask(marked, source, fit))
    if request.has_style_picture and uploads.style is not None:
        style = prepare_image(uploads.style, model.accepted_sizes, Fit.CROP, max_bytes=max_bytes).data
    return PreparedPictures(Pictures(source.data, mask, style), (source.width, source.height))


def _fit_mask(mask: Image.Image, source: PreparedImage, fit: str) -> Image.Image:
    """Stretch a mask to the source, and then fit it as the source was fitted; what is added as a border is kept."""
    size = source.width, source.height
    frame = source.source_width, source.source_height
    is_same_shape = abs(frame[0] * size[1] - frame[1] * size[0]) <= max(*frame, *size)
    box, drawn = compute_placement(frame, size, "stretch" if is_same_shape else fit)
    scale_x, scale_y = mask.width / frame[0], mask.height / frame[1]
    part = (box[0] * scale_x, box[1] * scale_y, box[2] * scale_x, box[3] * scale_y)
    fitted = mask.resize(drawn, Image.Resampling.BILINEAR, part, _REDUCING_GAP)
    require_partial_mask(fitted)
    if drawn == size:
        return fitted
    canvas = Image.new("L", size)
    canvas.paste(fitted, ((size[0] - drawn[0]) // 2, (size[1] - drawn[1]) // 2))
    return canvas


def _encode_mask(mask: Image.Image) -> bytes:
    """Encode a mask as PNG or, where noise makes that too large, as JPEG."""
    mask.info = {}
    out = io.BytesIO()
    mask.save(out, "PNG", compress_level=_PNG_LEVEL)
    return out.getvalue() if out.tell() <= _MASK_MAX_BYTES else encode_jpeg(mask, _MASK_MAX_BYTES)

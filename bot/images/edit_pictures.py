"""The pictures of an edit in one value, and the preview that shows them before anything is paid."""

import hashlib
from dataclasses import dataclass, field

from bot.domain.images import StoredImage
from bot.domain.mask_shapes import MaskShapes
from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.images.mask_drawing import draw_mask, draw_mask_preview, encode_mask
from bot.images.thumbnail import make_thumbnail
from shared.imaging.decoding import open_image
from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError
from shared.imaging.marks import read_marks
from shared.imaging.masks import extract_alpha_mask, read_mask, require_partial_mask
from shared.imaging.problems import make_picture_problem
from shared.problems import RejectedError
from shared.request.bundles import pack_pictures
from shared.request.pictures import Pictures


@dataclass(frozen=True)
class EditPictures:
    """The pictures as they are queued, the source's width and height, and the JPEG that shows them to the requester."""

    image: StoredImage
    size: tuple[int, int]
    preview: bytes = field(repr=False)


def build_masked_pictures(source: bytes, region: MaskShapes | None, mask: bytes | None) -> EditPictures:
    """Mark a region of the source: by shapes, by a picture, or else by the source's own transparency.

    It decodes, so it belongs in a thread. Raises `RejectedError` (mask_empty, mask_full, mask_not_transparent, and the
    problems of pictures).
    """
    try:
        size = open_image(source, DEFAULT_LIMITS).upright_size
        if region is not None:
            mask = draw_mask(region, size)
        marked = extract_alpha_mask(source) if mask is None else read_mask(mask)
        require_partial_mask(marked)
        preview = draw_mask_preview(source, marked)
    except ImageRejectedError as error:
        raise RejectedError(make_picture_problem(error)) from error
    return _pack(Pictures(source, encode_mask(marked) if mask is None else mask), size, preview)


def build_styled_pictures(source: bytes, style: bytes, captions: tuple[str, str]) -> EditPictures:
    """Put a picture in the wanted style beside the source. Raises `RejectedError` (the problems of pictures)."""
    try:
        size = open_image(source, DEFAULT_LIMITS).upright_size
        thumbnails = [make_thumbnail(data, DEFAULT_LIMITS) for data in (source, style)]
    except ImageRejectedError as error:
        raise RejectedError(make_picture_problem(error)) from error
    cells = [Cell(thumbnail, caption) for thumbnail, caption in zip(thumbnails, captions, strict=True)]
    shows_results = any(read_marks(data).source_type for data in (source, style))
    return _pack(Pictures(source, style=style), size, draw_contact_sheet(cells, shows_results=shows_results).jpeg)


def _pack(pictures: Pictures, size: tuple[int, int], preview: bytes) -> EditPictures:
    data = pack_pictures(pictures) or b""
    return EditPictures(StoredImage(hashlib.sha256(data).hexdigest(), data), size, preview)

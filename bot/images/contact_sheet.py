"""Contact sheets: up to 25 thumbnails in a grid, each with the number of its button and a caption."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.images.canvas import MUTED_TEXT_COLOUR, Canvas, RenderedImage
from bot.images.text import strip_unsupported, wrap_text
from bot.images.thumbnail import THUMBNAIL_SIDE, LazyImage, open_thumbnail

MAX_CELLS: Final = 25
_MAX_LARGE_COLUMNS: Final = 3
_MAX_CAPTION_LINES: Final = 2
_CAPTION_LINE_HEIGHT: Final = 1.25  # per pixel of font size
_PREVIEW_SIZE: Final = (550, 350)  # pixels of Discord's preview of an image
_PREVIEW_FONT_SIZE: Final = 12  # of a caption in that preview


@dataclass(frozen=True)
class Cell:
    """A stored thumbnail and its caption.

    `placeholder` is the label in place of a missing or broken thumbnail ("filtered", "gone"); an empty one draws the
    three dots of an image that is still to come. `fallback_caption` replaces a caption that the font cannot show.
    `number` stands in the place of the position, which is counted from 1.
    """

    thumbnail: bytes | None
    caption: str
    placeholder: str = ""
    fallback_caption: str = ""
    number: int | None = None


def draw_contact_sheet(
    cells: Sequence[Cell], columns: int | None = None, *, shows_results: bool = True
) -> RenderedImage:
    """Draw 1 to 25 cells in reading order, numbered from 1, in 1 to 5 columns; by default as nearly square as possible.

    Thumbnails keep their aspect ratio, with at most 512 pixels on the longer side in up to three columns, 256 in more.
    All cells are as large as the largest needs. A sheet that shows results is marked as made with AI; one of pictures
    that people uploaded is not. It decodes, draws and encodes, so it belongs in a thread. Raises `ValueError` for any
    other number of cells or columns.
    """
    if not 1 <= len(cells) <= MAX_CELLS or columns not in (None, 1, 2, 3, 4, 5):
        raise ValueError(
            f"{len(cells)} cells in {columns} columns are no contact sheet: "
            f"use 1 to {MAX_CELLS} cells in 1 to 5 columns, and split more into pages"
        )
    columns = columns or _choose_column_count(len(cells))
    side = THUMBNAIL_SIDE if columns <= _MAX_LARGE_COLUMNS else THUMBNAIL_SIDE // 2
    thumbnails = [open_thumbnail(cell.thumbnail, side) for cell in cells]
    width, height = compute_frame_size(thumbnails, side)
    gap = side // 20
    sheet_width = columns * (width + gap) + gap
    row_count = math.ceil(len(cells) / columns)
    reduction = max(sheet_width / _PREVIEW_SIZE[0], row_count * (height + gap) / _PREVIEW_SIZE[1])
    font_size = max(16, round(_PREVIEW_FONT_SIZE * reduction))
    captions = [
        wrap_text(strip_unsupported(cell.caption, cell.fallback_caption), font_size, width, _MAX_CAPTION_LINES)
        for cell in cells
    ]
    line_count = max(len(caption) for caption in captions)
    caption_height = round((_CAPTION_LINE_HEIGHT * line_count + 0.4) * font_size) if line_count else 0
    row_height = height + caption_height + gap
    canvas = Canvas(sheet_width, row_count * row_height + gap)
    unreadable_indexes = []
    for index, (cell, thumbnail, caption) in enumerate(zip(cells, thumbnails, captions, strict=True)):
        left, top = gap + index % columns * (width + gap), gap + index // columns * row_height
        placeholder = strip_unsupported(cell.placeholder)
        is_drawn = canvas.draw_thumbnail((left, top), thumbnail, (width, height), gap // 2, placeholder, font_size)
        if cell.thumbnail is not None and not is_drawn:
            unreadable_indexes.append(index)
        canvas.draw_badge((left + gap // 2, top + gap // 2), str(cell.number or index + 1), round(1.6 * font_size))
        for number, line in enumerate(caption, 1):
            baseline = top + height + round(_CAPTION_LINE_HEIGHT * number * font_size)
            canvas.draw_text((left + width // 2, baseline), line, font_size, colour=MUTED_TEXT_COLOUR)
    return canvas.encode(unreadable_indexes, shows_results=shows_results)


def compute_frame_size(thumbnails: Sequence[LazyImage | None], side: int) -> tuple[int, int]:
    """Compute the width and height that hold each of the thumbnails and a placeholder; a square if there are none."""
    sizes = [thumbnail.size for thumbnail in thumbnails if thumbnail is not None] or [(side, side)]
    return max(3 * side // 4, *(size[0] for size in sizes)), max(side // 2, *(size[1] for size in sizes))


def _choose_column_count(cell_count: int) -> int:
    return cell_count if cell_count <= _MAX_LARGE_COLUMNS else math.ceil(math.sqrt(cell_count))

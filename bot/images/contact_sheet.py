"""A contact sheet: up to 25 pictures in a grid, each with the number of its button and a caption."""

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
_PREVIEW_WIDTH: Final = 550  # pixels that Discord shows of a wide picture, in which a caption's letters should have 12


@dataclass(frozen=True)
class Cell:
    """A stored thumbnail with its caption, both as the caller words them.

    Without a `picture`, or with a broken one, `word` says why ("filtered", "gone"); no word is the calm sign of one
    that is awaited. `plain` replaces a caption that the font cannot show.
    """

    thumbnail: bytes | None
    caption: str
    placeholder: str = ""
    fallback_caption: str = ""


def draw_contact_sheet(cells: Sequence[Cell], columns: int | None = None) -> RenderedImage:
    """Draw 1 to 25 cells in reading order, numbered from 1, in `columns` (1 to 5) or as nearly square as they can be.

    Pictures keep their shapes, of at most 512 pixels on the longer side in up to three columns and 256 in more; all
    cells have the size that the largest needs. It decodes, draws and encodes, so it belongs in a thread. Raises
    ValueError for any other number of cells or columns.
    """
    if not 1 <= len(cells) <= MAX_CELLS or columns not in (None, 1, 2, 3, 4, 5):
        raise ValueError(
            f"{len(cells)} cells in {columns} columns are no contact sheet: it takes 1 to {MAX_CELLS} in 1 to 5 "
            "columns; split it into pages"
        )
    columns = columns or _choose_column_count(len(cells))
    side = THUMBNAIL_SIDE if columns <= _MAX_LARGE_COLUMNS else THUMBNAIL_SIDE // 2
    pictures = [open_thumbnail(cell.thumbnail, side) for cell in cells]
    width, height = compute_frame_size(pictures, side)

    gap = side // 20
    sheet_width = columns * (width + gap) + gap
    text = max(16, round(12 * sheet_width / _PREVIEW_WIDTH))
    captions = [
        wrap_text(strip_unsupported(cell.caption, cell.fallback_caption), text, width, _MAX_CAPTION_LINES)
        for cell in cells
    ]
    lines = max(len(caption) for caption in captions)
    row = height + (lines and round((1.25 * lines + 0.4) * text)) + gap
    canvas = Canvas(sheet_width, math.ceil(len(cells) / columns) * row + gap)

    broken = []
    for index, (cell, picture, caption) in enumerate(zip(cells, pictures, captions, strict=True)):
        left, top = gap + index % columns * (width + gap), gap + index // columns * row
        laid = canvas.draw_thumbnail(
            (left, top), picture, (width, height), gap // 2, strip_unsupported(cell.placeholder), text
        )
        if cell.thumbnail is not None and not laid:
            broken.append(index)
        canvas.draw_badge((left + gap // 2, top + gap // 2), str(index + 1), round(1.6 * text))
        for number, line in enumerate(caption):
            baseline = top + height + round((1.25 * number + 1.25) * text)
            canvas.draw_text((left + width // 2, baseline), line, text, colour=MUTED_TEXT_COLOUR)
    return canvas.encode(broken)


def compute_frame_size(thumbnails: Sequence[LazyImage | None], side: int) -> tuple[int, int]:
    """Find the width and height that hold each of the pictures and some words; a square while there is none."""
    sizes = [picture.size for picture in thumbnails if picture is not None] or [(side, side)]
    return max(3 * side // 4, *(size[0] for size in sizes)), max(side // 2, *(size[1] for size in sizes))


def _choose_column_count(cells: int) -> int:
    return cells if cells <= _MAX_LARGE_COLUMNS else math.ceil(math.sqrt(cells))

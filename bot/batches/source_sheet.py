"""The contact sheet of the pictures from which the items of a batch start, each with the numbers of its items."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.batches import BatchItem
from bot.images.contact_sheet import MAX_CELLS, Cell, draw_contact_sheet
from bot.images.limits import UPLOAD_LIMITS
from bot.images.thumbnail import make_thumbnail
from bot.rendering.layout import ALT_TEXT_LIMIT
from bot.rendering.markdown import flatten_text, truncate_text
from bot.storage.batches import SqlBatchStore
from shared.i18n.messages import Messages
from shared.imaging.limits import ImageRejectedError

_NAME_LIMIT: Final = 60


@dataclass(frozen=True)
class SheetPage:
    """A page of the pictures from which the items start; pages count from 0. `alt_text` lists which goes where."""

    number: int
    count: int
    alt_text: str


@dataclass(frozen=True)
class DrawnSheet:
    """A page and its JPEG."""

    page: SheetPage
    jpeg: bytes


@dataclass(frozen=True)
class SourceSheets:
    """Draws pages of 25 pictures; one picture at a time is loaded and scaled down."""

    store: SqlBatchStore

    async def draw_page(
        self, batch_id: str, items: Sequence[BatchItem], number: int, messages: Messages
    ) -> DrawnSheet | None:
        """Draw a page, counted from 0, or the last one if there are fewer; None if all items start from words.

        Raises `RejectedError` (database_unavailable).
        """
        by_picture = group_by_picture(items)
        if not by_picture:
            return None
        names = await self.store.list_image_names(batch_id)
        count = -(-len(by_picture) // MAX_CELLS)
        number = min(number, count - 1)
        shown = list(by_picture.items())[number * MAX_CELLS : (number + 1) * MAX_CELLS]
        cells = []
        for sha256, numbers in shown:
            data = await self.store.load_image(batch_id, sha256)
            thumbnail = None if data is None else await asyncio.to_thread(_make_thumbnail, data)
            caption = _describe(sha256, numbers, names, messages, "batch_preview.sheet_caption")
            missing = messages.text("batch_preview.sheet_missing")
            cells.append(Cell(thumbnail, caption, missing, format_ranges(numbers), numbers[0]))
        lines = (_describe(sha256, numbers, names, messages, "batch_preview.sheet_line") for sha256, numbers in shown)
        alt_text = truncate_text(f"{messages.text('batch_preview.sheet')} {'; '.join(lines)}", ALT_TEXT_LIMIT)
        sheet = await asyncio.to_thread(draw_contact_sheet, cells, shows_results=False)
        return DrawnSheet(SheetPage(number, count, alt_text), sheet.jpeg)


def group_by_picture(items: Sequence[BatchItem]) -> Mapping[str, Sequence[int]]:
    """List the numbers of the items that start from each picture, by its hash, in the order of the items."""
    grouped: dict[str, list[int]] = {}
    for item in items:
        if item.image_sha256 is not None:
            grouped.setdefault(item.image_sha256, []).append(item.number)
    return grouped


def format_ranges(numbers: Sequence[int]) -> str:
    """Format numbers in ascending order, such as `1–3, 7`."""
    return ", ".join(_list_ranges(numbers))


def _list_ranges(numbers: Sequence[int]) -> Iterator[str]:
    first = last = numbers[0]
    for number in [*numbers[1:], None]:
        if number == last + 1:
            last = number
            continue
        yield str(first) if first == last else f"{first}–{last}"
        if number is not None:
            first = last = number


def _describe(sha256: str, numbers: Sequence[int], names: Mapping[str, str], messages: Messages, key: str) -> str:
    name = truncate_text(flatten_text(names.get(sha256, "")), _NAME_LIMIT)
    return messages.text(key, numbers=format_ranges(numbers), name=name or "?")


def _make_thumbnail(data: bytes) -> bytes | None:
    try:
        return make_thumbnail(data, UPLOAD_LIMITS)
    except ImageRejectedError:
        return None

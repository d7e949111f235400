"""Makes the draft of a batch from the files that were sent in, for a member or on the command line."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Final

from bot.batches.brief_text import TITLE_LIMIT
from bot.batches.error_table import write_error_table
from bot.batches.reading.files import PictureLoader, read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import BatchRows, PictureRef, SentFile, Table
from bot.batches.row_requests import RequestContext, RequestedRow, RowRequestBuilder
from bot.domain.batch_previews import MAX_LISTED_ROWS, BatchPreview, RejectedRow
from bot.domain.batches import Batch, BatchItem
from bot.storage.batches import SqlBatchStore
from bot.submission.attachments import make_too_large_problem
from shared.i18n.messages import Messages
from shared.imaging.decoding import open_image
from shared.imaging.limits import DEFAULT_LIMITS, ImageRejectedError
from shared.imaging.problems import make_picture_problem
from shared.job import make_item_id
from shared.notes import Note
from shared.problems import Problem, RejectedError

IMAGE_NAME_LIMIT: Final = 100
_UNSAFE_CHARACTERS: Final = re.compile(r"[^A-Za-z0-9._-]+")
"""Discord replaces these in the names of files, so that a message that shows a file could not name it."""


@dataclass(frozen=True)
class SentBatch:
    """The files of a batch, and the prompt of the rows that have none. `title` is "" where nobody wrote one."""

    files: Sequence[SentFile]
    template: str = ""
    title: str = ""


@dataclass(frozen=True)
class PreparedBatch:
    """The items of a batch, the rows that are wrong, and the pictures from which items start.

    `file_name` is that of the table or, without one, of the only file; "" if there are several.
    """

    items: Sequence[BatchItem]
    rejected: Sequence[RejectedRow]
    notes: Sequence[Note]
    file_name: str
    table: Table | None = None
    pictures: Mapping[str, PictureRef] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchDrafter:
    """Makes drafts. One picture at a time is in memory. At most `max_items` are made in a batch.

    `max_image_bytes` is the size of the largest picture that is accepted.
    """

    store: SqlBatchStore
    builder: RowRequestBuilder
    max_image_bytes: int
    max_items: int

    async def add_draft(self, batch: Batch, sent: SentBatch, prepared: PreparedBatch, messages: Messages) -> bool:
        """Store a new draft; `batch.brief` gets a title. `messages` are those of the requester.

        False if the batch is stored already, or one with its idempotency key.
        """
        title = find_title(sent, prepared, messages)
        titled = replace(batch, brief=replace(batch.brief, title=title))
        if not await self.store.add_draft(titled, prepared.items):
            return False
        await self._store_rest(batch.id, sent, prepared, messages)
        return True

    async def replace_draft(self, batch_id: str, sent: SentBatch, prepared: PreparedBatch, messages: Messages) -> None:
        """Put other items in the place of those of a batch that was not started. Raises `RejectedError`."""
        await self.store.replace_items(batch_id, prepared.items)
        await self._store_rest(batch_id, sent, prepared, messages)

    async def prepare(self, batch_id: str, sent: SentBatch, context: RequestContext) -> PreparedBatch:
        """Read the files and check each row; nothing is stored.

        Raises `RejectedError` if no batch can be made of them.
        """
        read = await asyncio.to_thread(read_files, sent.files, sent.template)
        rows = await asyncio.to_thread(build_rows, read, sent.template, limit=self.max_items)
        if rows.problems:
            raise RejectedError(*rows.problems)
        requested = await self.builder.build_requests(context, rows.rows)
        hashes, refused = await self._check_pictures(sent.files, requested)
        checked = [_reject_pictures(row, refused) for row in requested]
        items = list(_build_items(batch_id, checked, hashes))
        rejected = [RejectedRow(row.row.number, tuple(row.problems)) for row in checked if row.problems]
        pictures = {hashes[ref]: ref for ref in read.pictures if ref in hashes}
        only_name = sent.files[0].name if len(sent.files) == 1 else ""
        file_name = read.table.file_name if read.table else only_name
        return PreparedBatch(items, rejected, _list_notes(rows, checked), file_name, read.table, pictures)

    async def _check_pictures(
        self, files: Sequence[SentFile], rows: Sequence[RequestedRow]
    ) -> tuple[dict[PictureRef, str], dict[PictureRef, Problem]]:
        """Hash the pictures that rows start from, one after the other, and find the problems of those refused."""
        used = dict.fromkeys(item.picture for row in rows for item in row.row.items if item.picture is not None)
        hashes: dict[PictureRef, str] = {}
        refused: dict[PictureRef, Problem] = {}
        with PictureLoader(files) as loader:
            for picture in used:
                try:
                    hashes[picture] = await asyncio.to_thread(self._check_picture, loader, picture)
                except RejectedError as rejection:
                    refused[picture] = rejection.problems[0]
        return hashes, refused

    def _check_picture(self, loader: PictureLoader, picture: PictureRef) -> str:
        """Hash a picture whose header says that it can be read.

        Raises `RejectedError`: attachment_too_large, picture_….
        """
        if picture.size > self.max_image_bytes:
            raise RejectedError(make_too_large_problem(picture.size, self.max_image_bytes))
        data = loader.load_picture(picture)
        try:
            open_image(data, DEFAULT_LIMITS)
        except ImageRejectedError as error:
            raise RejectedError(make_picture_problem(error)) from error
        return hashlib.sha256(data).hexdigest()

    async def _store_rest(self, batch_id: str, sent: SentBatch, prepared: PreparedBatch, messages: Messages) -> None:
        """Store the pictures, one after the other, and then the preview."""
        with PictureLoader(sent.files) as loader:
            for sha256, picture in prepared.pictures.items():
                data = await asyncio.to_thread(loader.load_picture, picture)
                await self.store.add_image(batch_id, sha256, picture.name[-IMAGE_NAME_LIMIT:], data)
        preview = await asyncio.to_thread(_build_preview, prepared, messages)
        await self.store.save_preview(batch_id, replace(preview, template=sent.template))


def _build_preview(prepared: PreparedBatch, messages: Messages) -> BatchPreview:
    """Build the preview, with the table that says which rows are wrong, if there was one."""
    rejected = prepared.rejected
    preview = BatchPreview(len(rejected), tuple(rejected[:MAX_LISTED_ROWS]), tuple(prepared.notes))
    if prepared.table is None or not rejected:
        return preview
    written = write_error_table(prepared.table, {row.number: row.problems for row in rejected}, messages)
    return replace(preview, table_name=_UNSAFE_CHARACTERS.sub("_", written.name), table=written.data)


def _list_notes(rows: BatchRows, requested: Sequence[RequestedRow]) -> tuple[Note, ...]:
    """List the notes on the files and those on the rows, each once."""
    of_rows = [note for row in requested for note in row.notes]
    return (*rows.notes, *(note for place, note in enumerate(of_rows) if note not in of_rows[:place]))


def find_title(sent: SentBatch, prepared: PreparedBatch, messages: Messages) -> str:
    """Return the title of a batch: the one that somebody wrote, else the name of its file, else its number of items."""
    title = sent.title.strip() or PurePath(prepared.file_name).stem.strip()
    return title[:TITLE_LIMIT] or messages.text("batch_preview.untitled", count=len(prepared.items))


def _reject_pictures(row: RequestedRow, refused: Mapping[PictureRef, Problem]) -> RequestedRow:
    """Reject a row that starts from a picture which is refused."""
    found = dict.fromkeys(item.picture for item in row.row.items if item.picture in refused)
    if not found:
        return row
    problems = [refused[picture] for picture in found if picture is not None]
    return replace(row, requests=(), problems=(*row.problems, *(p for p in problems if p not in row.problems)))


def _build_items(batch_id: str, rows: Sequence[RequestedRow], hashes: Mapping[PictureRef, str]) -> Iterator[BatchItem]:
    """Build the items of the rows that are right, numbered from 1."""
    number = 0
    for row in rows:
        for item, request in zip(row.row.items, row.requests, strict=False):
            number += 1
            yield BatchItem(
                number=number,
                row_number=row.row.number,
                name=item.name,
                request=request,
                image_sha256=None if item.picture is None else hashes[item.picture],
                job_id=make_item_id(batch_id, number),
                note=item.note,
            )

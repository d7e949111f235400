"""The thumbnails of past results, which are made when first needed, and contact sheets of them."""

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.domain.records import JobRecord
from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.images.thumbnail import make_thumbnail
from bot.results.images import ResultImageLoader
from bot.storage.thumbnails import SqlThumbnailStore
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError

log = logging.getLogger(__name__)

MAX_CONCURRENT_DOWNLOADS: Final = 4
THUMBNAIL_TIMEOUT_SECONDS: Final = 20.0


@dataclass(frozen=True)
class ThumbnailLoader:
    """Loads thumbnails. Those that take longer than `timeout_seconds` are left out.

    `download_slots` limits how many pictures are in memory at once, for all callers together.
    """

    image_loader: ResultImageLoader
    store: SqlThumbnailStore
    timeout_seconds: float = THUMBNAIL_TIMEOUT_SECONDS
    download_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_DOWNLOADS))

    async def load_thumbnails(self, client: discord.Client, records: Sequence[JobRecord]) -> list[bytes | None]:
        """Return a JPEG of at most 512 pixels for each job, None where there is no picture or no thumbnail in time."""
        stored = await self.store.load_thumbnails([record.job.id for record in records])
        tasks = {
            record.job.id: asyncio.create_task(self._make_thumbnail(client, record))
            for record in records
            if record.job.id not in stored and record.outcome_kind == "generated"
        }
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self.timeout_seconds)
        thumbnails = {**stored, **{job_id: task.result() for job_id, task in tasks.items() if task.done()}}
        for task in tasks.values():
            task.cancel()
        return [None if record.is_deleted else thumbnails.get(record.job.id) for record in records]

    async def _make_thumbnail(self, client: discord.Client, record: JobRecord) -> bytes | None:
        async with self.download_slots:
            thumbnail = await make_job_thumbnail(record.job.id, self.image_loader.load_image(client, record))
        if thumbnail is not None:
            await self.store.save_thumbnail(record.job.id, thumbnail)
        return thumbnail


async def make_job_thumbnail(job_id: str, loading: Awaitable[bytes | None]) -> bytes | None:
    """Make the thumbnail of a job of the picture that is being loaded; one that cannot be made is logged, and None."""
    try:
        picture = await loading
        return None if picture is None else await asyncio.to_thread(make_thumbnail, picture)
    except (RejectedError, ImageRejectedError, MemoryError):
        log.warning("job %s: no thumbnail could be made", job_id, exc_info=True)
        return None


async def draw_result_sheet(
    loader: ThumbnailLoader,
    client: discord.Client,
    records: Sequence[JobRecord],
    build_cells: Callable[[Sequence[bytes | None]], Sequence[Cell]],
    filename: str,
) -> discord.File:
    """Draw a contact sheet, whose cells are built with the thumbnails of these results; a broken one is logged.

    Raises `RejectedError` (database_unavailable).
    """
    cells = build_cells(await loader.load_thumbnails(client, records))
    sheet = await asyncio.to_thread(draw_contact_sheet, cells)
    for index in sheet.unreadable_indexes:
        log.warning("job %s: its thumbnail is corrupt; delete its row to have it made again", records[index].job.id)
    return discord.File(io.BytesIO(sheet.jpeg), filename=filename)

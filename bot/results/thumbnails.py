"""The pictures of past jobs: whole, from where they were told or from what is kept; small, made when first needed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.domain.images import RemoteImage
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.images import make_thumbnail
from bot.results.lookup import list_message_images
from bot.storage.thumbnails import SqlThumbnailStore
from shared.problems import RejectedError

log = logging.getLogger(__name__)

MAX_CONCURRENT_DOWNLOADS: Final = 4
THUMBNAIL_TIMEOUT_SECONDS: Final = 20.0


@dataclass(frozen=True)
class ResultImageLoader:
    """Brings back what came of a job.

    `message` finds where it was told, `fetch` downloads; both raise `RejectedError`.
    """

    find_message: Callable[[JobRecord], Awaitable[discord.Message | None]]
    job_history: JobHistory
    fetch_image: Callable[[RemoteImage], Awaitable[bytes]]

    async def load_image(self, record: JobRecord) -> bytes | None:
        """Give the picture of a job; None when there is none any more, or never was.

        Raises `RejectedError` when that cannot be told just now.
        """
        if record.outcome_kind != "generated" or record.is_deleted:
            return None
        for source in list_message_images(await self.find_message(record)):
            return await self.fetch_image(source)
        return await self.job_history.load_undelivered_image(record.job.id)


@dataclass(frozen=True)
class ThumbnailLoader:
    """Gives the pictures of past jobs small.

    `downloads` bounds how many pictures are held in memory at the same time, over all who look; what is not there
    within `deadline` seconds is left out.
    """

    image_loader: ResultImageLoader
    store: SqlThumbnailStore
    timeout_seconds: float = THUMBNAIL_TIMEOUT_SECONDS
    download_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_DOWNLOADS))

    async def load_thumbnails(self, records: Sequence[JobRecord]) -> list[bytes | None]:
        """Give a JPEG of at most 512 pixels for each job, None where there is no picture or it cannot be had now."""
        kept = await self.store.load_thumbnails([past.job.id for past in records])
        missing = {
            past.job.id: past for past in records if past.job.id not in kept and past.outcome_kind == "generated"
        }
        making = {job_id: asyncio.create_task(self._make_thumbnail(past)) for job_id, past in missing.items()}
        if making:
            await asyncio.wait(making.values(), timeout=self.timeout_seconds)
        made = {job_id: task.result() for job_id, task in making.items() if task.done()}
        for task in making.values():
            task.cancel()
        found = {**kept, **made}
        return [None if past.is_deleted else found.get(past.job.id) for past in records]

    async def _make_thumbnail(self, record: JobRecord) -> bytes | None:
        job_id = record.job.id
        async with self.download_slots:
            try:
                picture = await self.image_loader.load_image(record)
                small = None if picture is None else await asyncio.to_thread(make_thumbnail, picture)
            except (RejectedError, ValueError):
                log.warning("job %s: no thumbnail could be made", job_id, exc_info=True)
                return None
        if small is not None:
            await self.store.save_thumbnail(job_id, small)
        return small

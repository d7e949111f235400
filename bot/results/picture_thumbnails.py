"""Thumbnails of pictures by the ids of their jobs, also of pictures that no message shows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import discord

from bot.images.thumbnail import make_thumbnail
from bot.storage.thumbnails import SqlThumbnailStore
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureThumbnails:
    """Loads thumbnails, and makes those that are missing. One that cannot be made is logged and left out.

    `load_picture` loads the picture of a job, None if it is gone; it raises `RejectedError`.
    """

    load_picture: Callable[[discord.Client, str], Awaitable[bytes | None]]
    store: SqlThumbnailStore

    async def load_thumbnails(self, client: discord.Client, job_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Load the thumbnails of jobs, by their ids: JPEG files of at most 512 pixels."""
        thumbnails = dict(await self.store.load_thumbnails(job_ids))
        for job_id in job_ids:
            if job_id in thumbnails:
                continue
            made = await self._make_thumbnail(client, job_id)
            if made is not None:
                thumbnails[job_id] = made
                await self.store.save_thumbnail(job_id, made)
        return thumbnails

    async def _make_thumbnail(self, client: discord.Client, job_id: str) -> bytes | None:
        try:
            picture = await self.load_picture(client, job_id)
            return None if picture is None else await asyncio.to_thread(make_thumbnail, picture)
        except (RejectedError, ImageRejectedError, MemoryError):
            log.warning("job %s: no thumbnail could be made", job_id, exc_info=True)
            return None

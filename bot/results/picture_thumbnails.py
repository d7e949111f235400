"""Thumbnails of pictures by the ids of their jobs, also of pictures that no message shows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import discord

from bot.results.thumbnails import make_job_thumbnail
from bot.storage.thumbnails import SqlThumbnailStore


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
            made = await make_job_thumbnail(job_id, self.load_picture(client, job_id))
            if made is not None:
                thumbnails[job_id] = made
                await self.store.save_thumbnail(job_id, made)
        return thumbnails

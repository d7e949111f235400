"""The pictures of past jobs: whole, from where they were told or from what is kept; small, made when first needed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.ports import Past, Remembering, Source, Thumbnails
from bot.recall import pictures_in
from bot.sheets import thumbnail
from shared.errors import Refused

log = logging.getLogger(__name__)

DOWNLOADS: Final = 4
DEADLINE: Final = 20.0


@dataclass(frozen=True)
class Pictures:
    """Brings back what came of a job. `message` finds where it was told, `fetch` downloads; both raise `Refused`."""

    message: Callable[[Past], Awaitable[discord.Message | None]]
    library: Remembering
    fetch: Callable[[Source], Awaitable[bytes]]

    async def of(self, past: Past) -> bytes | None:
        """Give the picture of a job; None when there is none any more, or never was.

        Raises `Refused` when that cannot be told just now.
        """
        if past.kind != "generated" or past.deleted:
            return None
        for source in pictures_in(await self.message(past)):
            return await self.fetch(source)
        return await self.library.result(past.job.id)


@dataclass(frozen=True)
class Thumbnailer:
    """Gives the pictures of past jobs small.

    `downloads` bounds how many pictures are held in memory at the same time, over all who look; what is not there
    within `deadline` seconds is left out.
    """

    pictures: Pictures
    kept: Thumbnails
    deadline: float = DEADLINE
    downloads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DOWNLOADS))

    async def of(self, pasts: Sequence[Past]) -> list[bytes | None]:
        """Give a JPEG of at most 512 pixels for each job, None where there is no picture or it cannot be had now."""
        kept = await self.kept.get([past.job.id for past in pasts])
        missing = {past.job.id: past for past in pasts if past.job.id not in kept and past.kind == "generated"}
        making = {job_id: asyncio.create_task(self._make(past)) for job_id, past in missing.items()}
        if making:
            await asyncio.wait(making.values(), timeout=self.deadline)
        made = {job_id: task.result() for job_id, task in making.items() if task.done()}
        for task in making.values():
            task.cancel()
        found = {**kept, **made}
        return [None if past.deleted else found.get(past.job.id) for past in pasts]

    async def _make(self, past: Past) -> bytes | None:
        job_id = past.job.id
        async with self.downloads:
            try:
                picture = await self.pictures.of(past)
                small = None if picture is None else await asyncio.to_thread(thumbnail, picture)
            except (Refused, ValueError):
                log.warning("job %s: no thumbnail could be made", job_id, exc_info=True)
                return None
        if small is not None:
            await self.kept.put(job_id, small)
        return small

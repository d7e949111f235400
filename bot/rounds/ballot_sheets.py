"""Contact sheets of the entries of a vote, drawn once for all voters."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.domain.rounds import RoundEntry
from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.images.thumbnail import make_thumbnail
from bot.rounds.pictures import RoundPictures
from bot.storage.thumbnails import SqlThumbnailStore
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError

log = logging.getLogger(__name__)

MAX_KEPT_SHEETS: Final = 20

_SheetKey = tuple[str, ...]


@dataclass(frozen=True)
class BallotSheets:
    """Draws sheets and keeps the latest few: when a vote opens, many ask for the same one at once."""

    pictures: RoundPictures
    thumbnails: SqlThumbnailStore
    kept: dict[_SheetKey, bytes] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def draw_sheet(self, client: discord.Client, entries: Sequence[RoundEntry]) -> bytes:
        """Draw 1 to 25 entries with their numbers, as a JPEG. Raises `RejectedError` if the database fails."""
        key = tuple(f"{entry.job_id}/{entry.number}" for entry in entries)
        async with self.lock:
            sheet = self.kept.get(key)
            if sheet is None:
                sheet = self.kept[key] = await self._draw(client, entries)
                while len(self.kept) > MAX_KEPT_SHEETS:
                    del self.kept[next(iter(self.kept))]
            return sheet

    async def _draw(self, client: discord.Client, entries: Sequence[RoundEntry]) -> bytes:
        stored = await self.thumbnails.load_thumbnails([entry.job_id for entry in entries])
        cells = [
            Cell(stored.get(entry.job_id) or await self._make_thumbnail(client, entry.job_id), "", number=entry.number)
            for entry in entries
        ]
        return (await asyncio.to_thread(draw_contact_sheet, cells)).jpeg

    async def _make_thumbnail(self, client: discord.Client, job_id: str) -> bytes | None:
        try:
            picture = await self.pictures.load_entry(client, job_id)
            thumbnail = picture and await asyncio.to_thread(make_thumbnail, picture)
        except (RejectedError, ImageRejectedError, MemoryError):
            log.warning("job %s: no thumbnail for the ballot could be made", job_id, exc_info=True)
            return None
        if thumbnail:
            await self.thumbnails.save_thumbnail(job_id, thumbnail)
        return thumbnail or None

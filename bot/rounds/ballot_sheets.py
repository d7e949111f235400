"""Contact sheets of the entries of a vote, drawn once for all voters."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.domain.rounds import RoundEntry
from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.results.picture_thumbnails import PictureThumbnails

MAX_KEPT_SHEETS: Final = 20

_SheetKey = tuple[str, ...]


@dataclass(frozen=True)
class BallotSheets:
    """Draws sheets and keeps the latest few: when a vote opens, many ask for the same one at once."""

    thumbnails: PictureThumbnails
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
        found = await self.thumbnails.load_thumbnails(client, [entry.job_id for entry in entries])
        cells = [Cell(found.get(entry.job_id), "", number=entry.number) for entry in entries]
        return (await asyncio.to_thread(draw_contact_sheet, cells)).jpeg

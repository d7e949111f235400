"""The messages of explorations, edited as their cells come in, until all have come to an end.

What a message should say is read from the queue and the records alone, so a bot that starts goes on where one ended.
"""

import asyncio
import io
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import aiohttp
import discord

from bot.exploring.message import message_of
from bot.phrases import phrases_for
from bot.ports import Exploring, Grid, Past, Standing, State, Watching
from bot.render.grid import OPEN, SHEET, Stage, cells_of
from bot.sheets import contact_sheet
from bot.thumbnails import Thumbnailer
from shared.catalogue import Catalogue

log = logging.getLogger(__name__)

GRACE: Final = 120.0  # a cell that nobody knows of was not taken on by then
TRIES: Final = 5  # rounds in which the picture of a cell that was told is looked for
_UPLOAD_SECONDS: Final = 60.0
_ENDS: Final = {"generated": Stage.DONE, "filtered": Stage.FILTERED}


class Explorations:
    """Keeps the message of every open exploration true, a round every `period` seconds. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        queue: Watching,
        grids: Exploring,
        thumbnails: Thumbnailer,
        catalogue: Catalogue,
        *,
        period: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._queue = queue
        self._grids = grids
        self._thumbnails = thumbnails
        self._catalogue = catalogue
        self._period = period
        self._clock = clock
        self._shown: dict[str, tuple[Grid, list[Stage]]] = {}
        self._missed: dict[str, int] = {}

    async def run(self) -> None:
        """Look and edit until cancelled. A failed round is logged, the next one starts afresh."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("the explorations could not be looked at; the next round tries again")
            await asyncio.sleep(self._period)

    async def look(self) -> None:
        """One round: edit the messages that say something else than they should. Raises what queue and records do."""
        grids = await self._grids.open_grids()
        ids = {grid.id for grid in grids}
        self._shown = {grid_id: shown for grid_id, shown in self._shown.items() if grid_id in ids}
        self._missed = {grid_id: missed for grid_id, missed in self._missed.items() if grid_id in ids}
        known = await self._queue.standings([cell for grid in grids for cell in grid.cells])
        standings = {standing.job.id: standing for standing in known}
        for grid in grids:
            try:
                await self._bring_up_to_date(grid, standings)
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("exploration %s: its message cannot be edited any more (%s)", grid.id, error)
                await self._grids.ended(grid.id)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("exploration %s: not edited, a later round tries again (%r)", grid.id, error)
            except Exception:
                log.exception("exploration %s: a later round tries again", grid.id)

    async def _bring_up_to_date(self, grid: Grid, standings: Mapping[str, Standing]) -> None:
        pasts = {past.job.id: past for past in await self._grids.cells(grid)}
        stages = [
            self._stage(grid, place, pasts.get(cell), standings.get(cell)) for place, cell in enumerate(grid.cells, 1)
        ]
        if self._shown.get(grid.id) == (grid, stages):
            return
        pictures = await self._pictures(grid, stages, pasts)
        missing = Stage.MISSING if self._missed.get(grid.id, 0) >= TRIES else Stage.PAINTING
        seen = [
            missing if stage is Stage.DONE and picture is None else stage
            for stage, picture in zip(stages, pictures, strict=True)
        ]
        await self._edit(grid, seen, pictures)
        if seen == stages or missing is Stage.MISSING:
            self._shown[grid.id] = grid, stages
        if not OPEN.intersection(seen):
            await self._grids.ended(grid.id)

    def _stage(self, grid: Grid, place: int, past: Past | None, standing: Standing | None) -> Stage:
        if place in grid.refused:
            return Stage.REFUSED
        if past is not None and past.kind is not None:
            return Stage.MISSING if past.deleted else _ENDS.get(past.kind, Stage.FAILED)
        if standing is not None and standing.state not in {State.PREPARING, State.WAITING}:
            return Stage.PAINTING
        if standing is not None or (past is not None and past.open):
            return Stage.WAITING
        return Stage.WAITING if self._clock() - grid.at < GRACE else Stage.FAILED

    async def _pictures(self, grid: Grid, stages: Sequence[Stage], pasts: Mapping[str, Past]) -> Sequence[bytes | None]:
        """Give the pictures of the cells that are done, small; None where there is none yet, or no more."""
        done = [cell for cell, stage in zip(grid.cells, stages, strict=True) if stage is Stage.DONE]
        small = dict(zip(done, await self._thumbnails.of([pasts[cell] for cell in done]), strict=True))
        if None in small.values():
            self._missed[grid.id] = self._missed.get(grid.id, 0) + 1
        return [small.get(cell) for cell in grid.cells]

    async def _edit(self, grid: Grid, stages: Sequence[Stage], pictures: Sequence[bytes | None]) -> None:
        phrases = phrases_for(grid.requester.locale)
        cells = cells_of(grid.plan, stages, pictures, self._catalogue, phrases)
        sheet = await asyncio.to_thread(contact_sheet, cells)
        channel = self._client.get_partial_messageable(grid.place.channel, guild_id=grid.place.guild)
        async with asyncio.timeout(_UPLOAD_SECONDS):
            await channel.get_partial_message(grid.place.message).edit(
                view=message_of(grid, stages, self._catalogue, sheet=True),
                attachments=[discord.File(io.BytesIO(sheet.jpeg), filename=SHEET)],
                allowed_mentions=discord.AllowedMentions.none(),
            )

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

from bot.domain.exploration import Exploration
from bot.domain.ports import JobStatusReader
from bot.domain.records import JobRecord
from bot.domain.status import JobStatus, QueueState
from bot.features.explore.message import render_exploration
from bot.features.explore.store import SqlExplorationStore
from bot.features.explore.view import CONTACT_SHEET_FILENAME, OPEN_STATES, VariantState, build_contact_sheet_cells
from bot.i18n import load_messages
from bot.images.contact_sheet import draw_contact_sheet
from bot.periodic import run_every
from bot.results.thumbnails import ThumbnailLoader
from shared.catalogue import Catalogue

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 120.0  # a cell that nobody knows of was not taken on by then
MAX_PICTURE_ATTEMPTS: Final = 5  # rounds in which the picture of a cell that was told is looked for
_UPLOAD_TIMEOUT_SECONDS: Final = 60.0
_STATE_BY_OUTCOME: Final = {"generated": VariantState.GENERATED, "filtered": VariantState.FILTERED}


class ExplorationMessages:
    """Keeps the message of every open exploration true, a round every `period` seconds. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        queue: JobStatusReader,
        explorations: SqlExplorationStore,
        thumbnails: ThumbnailLoader,
        catalogue: Catalogue,
        *,
        interval: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._queue = queue
        self._explorations = explorations
        self._thumbnails = thumbnails
        self._catalogue = catalogue
        self._interval = interval
        self._clock = clock
        self._last_rendered: dict[str, tuple[Exploration, list[VariantState]]] = {}
        self._missing_counts: dict[str, int] = {}

    async def run(self) -> None:
        """Refresh the messages until cancelled."""
        await run_every(self._interval, self.refresh_messages, "updating the messages of explorations")

    async def refresh_messages(self) -> None:
        """One round: edit the messages that say something else than they should. Raises what queue and records do."""
        grids = await self._explorations.list_open_explorations()
        ids = {grid.id for grid in grids}
        self._last_rendered = {grid_id: shown for grid_id, shown in self._last_rendered.items() if grid_id in ids}
        self._missing_counts = {grid_id: missed for grid_id, missed in self._missing_counts.items() if grid_id in ids}
        known = await self._queue.load_statuses([cell for grid in grids for cell in grid.variant_ids])
        standings = {standing.job.id: standing for standing in known}
        for grid in grids:
            try:
                await self._refresh_message(grid, standings)
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("exploration %s: its message cannot be edited any more (%s)", grid.id, error)
                await self._explorations.mark_exploration_ended(grid.id)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("exploration %s: not edited, a later round tries again (%r)", grid.id, error)
            except Exception:
                log.exception("exploration %s: a later round tries again", grid.id)

    async def _refresh_message(self, exploration: Exploration, statuses: Mapping[str, JobStatus]) -> None:
        pasts = {past.job.id: past for past in await self._explorations.list_variants(exploration)}
        stages = [
            self._determine_state(exploration, place, pasts.get(cell), statuses.get(cell))
            for place, cell in enumerate(exploration.variant_ids, 1)
        ]
        if self._last_rendered.get(exploration.id) == (exploration, stages):
            return
        pictures = await self._load_thumbnails(exploration, stages, pasts)
        missing = (
            VariantState.MISSING
            if self._missing_counts.get(exploration.id, 0) >= MAX_PICTURE_ATTEMPTS
            else VariantState.RUNNING
        )
        seen = [
            missing if stage is VariantState.GENERATED and picture is None else stage
            for stage, picture in zip(stages, pictures, strict=True)
        ]
        await self._edit_message(exploration, seen, pictures)
        if seen == stages or missing is VariantState.MISSING:
            self._last_rendered[exploration.id] = exploration, stages
        if not OPEN_STATES.intersection(seen):
            await self._explorations.mark_exploration_ended(exploration.id)

    def _determine_state(
        self, exploration: Exploration, number: int, record: JobRecord | None, status: JobStatus | None
    ) -> VariantState:
        if number in exploration.rejected:
            return VariantState.REJECTED
        if record is not None and record.outcome_kind is not None:
            return (
                VariantState.MISSING
                if record.is_deleted
                else _STATE_BY_OUTCOME.get(record.outcome_kind, VariantState.FAILED)
            )
        if status is not None and status.state not in {QueueState.PREPARING, QueueState.QUEUED}:
            return VariantState.RUNNING
        if status is not None or (record is not None and record.is_open):
            return VariantState.QUEUED
        return VariantState.QUEUED if self._clock() - exploration.created_at < GRACE_SECONDS else VariantState.FAILED

    async def _load_thumbnails(
        self, exploration: Exploration, states: Sequence[VariantState], records: Mapping[str, JobRecord]
    ) -> Sequence[bytes | None]:
        """Give the pictures of the cells that are done, small; None where there is none yet, or no more."""
        done = [
            cell for cell, stage in zip(exploration.variant_ids, states, strict=True) if stage is VariantState.GENERATED
        ]
        small = dict(
            zip(
                done,
                await self._thumbnails.load_thumbnails(self._client, [records[cell] for cell in done]),
                strict=True,
            )
        )
        if None in small.values():
            self._missing_counts[exploration.id] = self._missing_counts.get(exploration.id, 0) + 1
        return [small.get(cell) for cell in exploration.variant_ids]

    async def _edit_message(
        self, exploration: Exploration, states: Sequence[VariantState], pictures: Sequence[bytes | None]
    ) -> None:
        phrases = load_messages(exploration.requester.locale)
        cells = build_contact_sheet_cells(exploration.plan, states, pictures, self._catalogue, phrases)
        sheet = await asyncio.to_thread(draw_contact_sheet, cells)
        channel = self._client.get_partial_messageable(
            exploration.origin.channel_id, guild_id=exploration.origin.guild_id
        )
        async with asyncio.timeout(_UPLOAD_TIMEOUT_SECONDS):
            await channel.get_partial_message(exploration.origin.message_id).edit(
                view=render_exploration(exploration, states, self._catalogue, has_contact_sheet=True),
                attachments=[discord.File(io.BytesIO(sheet.jpeg), filename=CONTACT_SHEET_FILENAME)],
                allowed_mentions=discord.AllowedMentions.none(),
            )

"""Keeps the messages of explorations up to date until all of their variants have ended.

The state of a message is read from the queue and the database alone, so a bot that starts continues where another one
stopped.
"""

import asyncio
import io
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import aiohttp
import discord

from bot.change_signal import ChangeSignal
from bot.domain.exploration import Exploration
from bot.domain.ports import GuildSettingsStore, JobStatusReader
from bot.domain.records import JobRecord
from bot.domain.status import JobStatus, QueueState
from bot.explorations.message import render_exploration
from bot.explorations.view import (
    CONTACT_SHEET_FILENAME,
    OPEN_STATES,
    VariantState,
    build_contact_sheet_cells,
)
from bot.images.contact_sheet import draw_contact_sheet
from bot.interactions.offers import restrict_catalogue
from bot.periodic import choose_rest, run_on_changes
from bot.rendering.status_text import format_obstacle
from bot.results.thumbnails import ThumbnailLoader
from bot.results.withdrawal import withdraw_thread_name
from bot.storage.explorations import SqlExplorationStore
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import Origin
from shared.problems import RejectedError

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 120.0  # a variant that is not recorded by then was never submitted
MAX_THUMBNAIL_ATTEMPTS: Final = 5  # rounds in which the pictures of delivered variants are looked for
_UPLOAD_TIMEOUT_SECONDS: Final = 60.0
_STATE_BY_OUTCOME: Final = {"generated": VariantState.GENERATED, "filtered": VariantState.FILTERED}


class ExplorationMessages:
    """Edits the message of every open exploration whose state has changed, every `interval` seconds.

    Its buttons are those that the settings of its server offer. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: JobStatusReader,
        explorations: SqlExplorationStore,
        thumbnails: ThumbnailLoader,
        catalogue: Catalogue,
        guild_settings: GuildSettingsStore,
        *,
        interval: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._queue = queue
        self._explorations = explorations
        self._thumbnails = thumbnails
        self._catalogue = catalogue
        self._guild_settings = guild_settings
        self._interval = interval
        self._clock = clock
        self._last_rendered: dict[str, tuple[Exploration, list[VariantState], list[str]]] = {}
        self._missing_counts: dict[str, int] = {}

    async def run(self, changes: ChangeSignal) -> None:
        """Refresh the messages until cancelled."""
        await run_on_changes(self._interval, self.refresh_messages, changes, "updating the messages of explorations")

    async def refresh_messages(self) -> float:
        """Edit the messages whose state has changed; return how many seconds to rest, see `run_on_changes`.

        Raises the errors of the queue and the database.
        """
        explorations = await self._explorations.list_open_explorations()
        open_ids = {exploration.id for exploration in explorations}
        self._last_rendered = {key: value for key, value in self._last_rendered.items() if key in open_ids}
        self._missing_counts = {key: value for key, value in self._missing_counts.items() if key in open_ids}
        variant_ids = [variant_id for exploration in explorations for variant_id in exploration.variant_ids]
        statuses = {status.job.id: status for status in await self._queue.load_statuses(variant_ids)}
        for exploration in explorations:
            try:
                await self._refresh_message(exploration, statuses)
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("exploration %s: its message can no longer be edited (%s)", exploration.id, error)
                await self._explorations.mark_exploration_ended(exploration.id)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("exploration %s: not edited, a later round tries again (%r)", exploration.id, error)
            except Exception:
                log.exception("exploration %s: a later round tries again", exploration.id)
        return choose_rest(explorations)

    async def _refresh_message(self, exploration: Exploration, statuses: Mapping[str, JobStatus]) -> None:
        records = {record.job.id: record for record in await self._explorations.list_variants(exploration)}
        states = [
            self._determine_state(exploration, number, records.get(variant_id), statuses.get(variant_id))
            for number, variant_id in enumerate(exploration.variant_ids, 1)
        ]
        obstacles = self._list_obstacles(exploration, statuses)
        if self._last_rendered.get(exploration.id) == (exploration, states, obstacles):
            return
        thumbnails = await self._load_thumbnails(exploration, states, records)
        is_last_attempt = self._missing_counts.get(exploration.id, 0) >= MAX_THUMBNAIL_ATTEMPTS
        state_without_thumbnail = VariantState.MISSING if is_last_attempt else VariantState.RUNNING
        shown_states = [
            state_without_thumbnail if state is VariantState.GENERATED and thumbnail is None else state
            for state, thumbnail in zip(states, thumbnails, strict=True)
        ]
        await self._edit_message(exploration, shown_states, thumbnails, obstacles)
        if VariantState.GENERATED not in shown_states and any(record.is_deleted for record in records.values()):
            await withdraw_thread_name(self._client, exploration.origin, exploration.locale)
        if shown_states == states or is_last_attempt:
            self._last_rendered[exploration.id] = exploration, states, obstacles
        if not OPEN_STATES.intersection(shown_states):
            await self._explorations.mark_exploration_ended(exploration.id)

    def _list_obstacles(self, exploration: Exploration, statuses: Mapping[str, JobStatus]) -> list[str]:
        """List why variants do not start, each reason once."""
        messages = load_messages(exploration.locale)
        waiting = [statuses[variant_id] for variant_id in exploration.variant_ids if variant_id in statuses]
        texts = (
            format_obstacle(status, messages, self._catalogue.models.get(status.job.request.model))
            for status in waiting
        )
        return list(dict.fromkeys(filter(None, texts)))

    def _determine_state(
        self, exploration: Exploration, number: int, record: JobRecord | None, status: JobStatus | None
    ) -> VariantState:
        if number in exploration.rejected:
            return VariantState.REJECTED
        if record is not None and record.outcome_kind is not None:
            return _determine_end(record)
        if status is not None and status.state not in {QueueState.PREPARING, QueueState.QUEUED}:
            return VariantState.RUNNING
        if status is not None or (record is not None and record.is_open):
            return VariantState.QUEUED
        return VariantState.QUEUED if self._clock() - exploration.created_at < GRACE_SECONDS else VariantState.FAILED

    async def _load_thumbnails(
        self, exploration: Exploration, states: Sequence[VariantState], records: Mapping[str, JobRecord]
    ) -> Sequence[bytes | None]:
        """Load the thumbnails of the generated variants; None where there is none yet, or no longer."""
        generated_ids = [
            variant_id
            for variant_id, state in zip(exploration.variant_ids, states, strict=True)
            if state is VariantState.GENERATED
        ]
        loaded = await self._thumbnails.load_thumbnails(
            self._client, [records[variant_id] for variant_id in generated_ids]
        )
        thumbnails = dict(zip(generated_ids, loaded, strict=True))
        if None in thumbnails.values():
            self._missing_counts[exploration.id] = self._missing_counts.get(exploration.id, 0) + 1
        return [thumbnails.get(variant_id) for variant_id in exploration.variant_ids]

    async def _edit_message(
        self,
        exploration: Exploration,
        states: Sequence[VariantState],
        thumbnails: Sequence[bytes | None],
        obstacles: Sequence[str],
    ) -> None:
        messages, origin = load_messages(exploration.locale), exploration.origin
        cells = build_contact_sheet_cells(exploration.plan, states, thumbnails, self._catalogue, messages)
        sheet = await asyncio.to_thread(draw_contact_sheet, cells)
        channel = self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)
        async with asyncio.timeout(_UPLOAD_TIMEOUT_SECONDS):
            await channel.get_partial_message(origin.message_id).edit(
                view=render_exploration(
                    exploration,
                    states,
                    await self._load_offered_catalogue(origin),
                    obstacles=obstacles,
                    has_contact_sheet=True,
                ),
                attachments=[discord.File(io.BytesIO(sheet.jpeg), filename=CONTACT_SHEET_FILENAME)],
                allowed_mentions=discord.AllowedMentions.none(),
            )

    async def _load_offered_catalogue(self, origin: Origin) -> Catalogue:
        """Load the catalogue as the server of an exploration offers it; whole if the database fails."""
        try:
            settings = await self._guild_settings.load_settings(origin.guild_id)
        except RejectedError:
            return self._catalogue
        return restrict_catalogue(self._catalogue, settings)


def _determine_end(record: JobRecord) -> VariantState:
    if record.is_deleted:
        return VariantState.MISSING
    if record.is_cancelled:
        return VariantState.CANCELLED
    return _STATE_BY_OUTCOME.get(str(record.outcome_kind), VariantState.FAILED)

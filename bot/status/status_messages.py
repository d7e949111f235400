"""Status messages under the commands, edited as their jobs move (explorations edit their own).

Edits share a budget of about one a second, a job's change of state goes before a mere countdown, and nothing is sent
when nothing changed. https://discord.com/developers/docs/topics/rate-limits
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

import aiohttp
import discord
from discord import ui

from bot.domain.ports import JobStatusReader
from bot.domain.status import JobStatus, QueueState
from bot.i18n import load_messages
from bot.interactions.result_buttons import build_cancel_view
from bot.rendering.status_text import format_status
from shared.catalogue import Catalogue
from shared.job import Origin

log = logging.getLogger(__name__)

EDIT_TIMEOUT_SECONDS: Final = 10.0
COUNTDOWN_INTERVAL_SECONDS: Final = 10.0
DISPLAYED_TTL_SECONDS: Final = 3600.0  # what is open is looked at in parts: longer than all of them take
FINAL_EDIT_RETRY_DELAYS: Final = (1.0, 3.0)


@dataclass(frozen=True)
class _DisplayedStatus:
    """What a status message says since when, in the board's own clock; `gone` when it can no longer be edited."""

    state: QueueState | None = None
    text: str = ""
    edited_at: float = float("-inf")
    is_gone: bool = False


class StatusMessages:
    """Keeps the status message of every open job true. One board serves all of a process's messages.

    `period` is the pause between two rounds, in seconds; a message is edited once a round at most.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: JobStatusReader,
        catalogue: Catalogue,
        *,
        interval_seconds: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._queue = queue
        self._catalogue = catalogue
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._displayed: dict[str, _DisplayedStatus] = {}
        self._finalized_ids: set[int] | None = None
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run(self) -> None:
        """Look and edit until cancelled. A failed round is logged, the next one starts afresh."""
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("the status messages could not be brought up to date; the next round tries again")
            await asyncio.sleep(self._interval_seconds)

    async def refresh(self) -> None:
        """One round: edit the status messages that say something else than they should, as far as the budget goes."""
        self._finalized_ids = set()
        standings = await self._queue.load_statuses(await self._queue.list_open_jobs())
        kept = {
            job_id: shown
            for job_id, shown in self._displayed.items()
            if self._clock() - shown.edited_at < DISPLAYED_TTL_SECONDS
        }
        self._displayed = kept | {s.job.id: self._displayed.get(s.job.id, _DisplayedStatus()) for s in standings}
        budget = max(1, round(self._interval_seconds))
        try:
            await asyncio.gather(
                *(self._update_message(standing) for standing in self._select_due_statuses(standings)[:budget])
            )
        finally:
            self._finalized_ids = None

    async def finalize_message(self, origin: Origin, text: str) -> bool:
        """Make the last edit of a status message: after one on its way, and no round's edit follows it.

        True when the message now says so.
        """
        async with self._get_lock(origin):
            if self._finalized_ids is not None:
                self._finalized_ids.add(origin.message_id)
            for wait in (*FINAL_EDIT_RETRY_DELAYS, None):
                try:
                    await self._edit_message(origin, text)
                except discord.HTTPException as error:
                    if not isinstance(error, discord.DiscordServerError) or wait is None:
                        log.info("status message %d: not edited a last time (%s)", origin.message_id, error)
                        return False
                except (aiohttp.ClientError, OSError) as error:
                    if wait is None or isinstance(error, TimeoutError):  # discord.py waited for a limit meanwhile
                        log.warning("status message %d: not edited a last time (%r)", origin.message_id, error)
                        return False
                else:
                    return True
                await asyncio.sleep(wait)
        return False

    def _select_due_statuses(self, statuses: Sequence[JobStatus]) -> list[JobStatus]:
        """The jobs whose message is to be edited, changes of state first, then those edited longest ago."""
        now = self._clock()
        due = []
        for standing in statuses:
            shown = self._displayed[standing.job.id]
            moved = standing.state is not shown.state
            if (
                shown.is_gone
                or standing.job.exploration_id
                or standing.state in {QueueState.FINISHED, QueueState.DELIVERED}
            ):
                continue
            if moved or (
                now - shown.edited_at >= COUNTDOWN_INTERVAL_SECONDS and self._build_text(standing) != shown.text
            ):
                due.append((not moved, shown.edited_at, standing))
        return [standing for _, _, standing in sorted(due, key=lambda row: row[:2])]

    async def _update_message(self, status: JobStatus) -> None:
        place, text = status.job.origin, self._build_text(status)
        before = self._displayed[status.job.id]
        async with self._get_lock(place):
            if self._finalized_ids is None or place.message_id in self._finalized_ids:
                return
            try:
                await self._edit_message(place, text, self._build_buttons(status))
                after = _DisplayedStatus(status.state, text, self._clock())
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("status message %d: cannot be edited any more (%s)", place.message_id, error)
                after = _DisplayedStatus(is_gone=True)
            except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("status message %d: not edited, a later round tries again (%r)", place.message_id, error)
                after = _DisplayedStatus(before.state, before.text, self._clock())
        self._displayed[status.job.id] = after

    async def _edit_message(self, origin: Origin, text: str, view: ui.View | None = None) -> None:
        channel = self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)
        message = channel.get_partial_message(origin.message_id)
        async with asyncio.timeout(EDIT_TIMEOUT_SECONDS):
            await message.edit(content=text, allowed_mentions=discord.AllowedMentions.none(), view=view)

    def _build_buttons(self, status: JobStatus) -> ui.View | None:
        """A job can be cancelled until its call has begun: what is painted is paid for."""
        if status.state is QueueState.RUNNING:
            return None
        return build_cancel_view(status.job.id, load_messages(status.job.requester.locale))

    def _build_text(self, status: JobStatus) -> str:
        phrases = load_messages(status.job.requester.locale)
        return format_status(status, phrases, self._catalogue.models.get(status.job.request.model))

    def _get_lock(self, origin: Origin) -> asyncio.Lock:
        return self._locks.setdefault(origin.message_id, asyncio.Lock())

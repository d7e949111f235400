"""Keeps the status messages under the commands up to date; explorations have messages of their own.

Edits share a budget of about one a second. Changes of state, and pauses, go before mere countdowns, and a message is
not edited when its text is the same. https://discord.com/developers/docs/topics/rate-limits
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp
import discord
from discord import ui

from bot.domain.errors import PartitionLostError
from bot.domain.partitions import Tenure, find_partition, get_order_key
from bot.domain.ports import JobStatusReader, PartitionOwner
from bot.domain.status import JobStatus, QueueState
from bot.interactions.responses import RenderedMessage
from bot.interactions.result_buttons import build_cancel_view
from bot.periodic import run_every
from bot.rendering.status_text import format_status
from bot.status.worker_alarm import WorkerAlarm
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import Job, Origin
from shared.log_context import bind_job_id

log = logging.getLogger(__name__)

EDIT_TIMEOUT_SECONDS: Final = 10.0
COUNTDOWN_INTERVAL_SECONDS: Final = 10.0
DISPLAYED_TTL_SECONDS: Final = 3600.0  # open jobs are listed in parts: longer than listing all of them takes
FINAL_EDIT_RETRY_DELAYS: Final = (1.0, 3.0)


@dataclass(frozen=True)
class _DisplayedStatus:
    """The content of a status message. `edited_at` is a time of `clock`; `is_gone`: it can no longer be edited.

    `phase` is how far the job was: its state, and whether the queue of its server was paused.
    """

    phase: tuple[QueueState, bool] | None = None
    text: str = ""
    edited_at: float = float("-inf")
    is_gone: bool = False


class StatusMessages:
    """Edits the status messages of the open jobs whose outcomes this bot delivers. There must be one instance only.

    Messages are refreshed every `interval_seconds`, each with one edit at most. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: JobStatusReader,
        catalogue: Catalogue,
        partitions: PartitionOwner,
        *,
        interval_seconds: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._queue = queue
        self._catalogue = catalogue
        self._partitions = partitions
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._worker_alarm = WorkerAlarm(clock=clock)
        self._displayed: dict[str, _DisplayedStatus] = {}
        self._finalized_ids: set[int] | None = None  # messages finalized during the current refresh; None between two
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run(self) -> None:
        """Refresh the messages until cancelled."""
        await run_every(self._interval_seconds, self.refresh, "updating the status messages")

    async def refresh(self) -> None:
        """Edit the status messages whose text is out of date, as many as the budget of edits allows."""
        self._finalized_ids = set()
        tenures = self._partitions.tenures
        open_jobs = await self._queue.load_statuses(await self._queue.list_open_jobs())
        statuses = [status for status in open_jobs if _find_partition(status.job) in tenures]
        self._worker_alarm.update(statuses)
        now = self._clock()
        recent = {
            job_id: displayed
            for job_id, displayed in self._displayed.items()
            if now - displayed.edited_at < DISPLAYED_TTL_SECONDS
        }
        self._displayed = recent | {
            status.job.id: self._displayed.get(status.job.id, _DisplayedStatus()) for status in statuses
        }
        budget = max(1, round(self._interval_seconds))
        due = self._select_due_statuses(statuses)[:budget]
        try:
            edits = (self._update_message(status, tenures[_find_partition(status.job)]) for status in due)
            await asyncio.gather(*edits)
        finally:
            self._finalized_ids = None

    async def finalize_message(self, job: Job, content: str | Callable[[], RenderedMessage]) -> bool:
        """Edit the status message of a job a last time, after any edit in progress; no refresh edits it afterwards.

        A message with components is built anew for each attempt, as an attempt closes its files. Returns whether the
        status message now shows the content. Raises the error of the last attempt if a later one may succeed.
        """
        async with self._lock_for_last_edit(job):
            for delay in (*FINAL_EDIT_RETRY_DELAYS, None):
                try:
                    if isinstance(content, str):
                        await self._edit_message(job.origin, content=content, view=None)
                    else:
                        rendered = content()
                        await self._show_components(job.origin, rendered.view, rendered.files)
                except TimeoutError:  # discord.py waited for a rate limit, which may be one of an hour
                    log.warning("job %s: the last edit of its status message took too long", job.id)
                    return False
                except (discord.DiscordServerError, aiohttp.ClientError, OSError):
                    if delay is None:
                        raise
                    await asyncio.sleep(delay)
                except discord.HTTPException as error:
                    log.info("job %s: the last edit of its status message failed (%s)", job.id, error)
                    return False
                else:
                    return True
        return False

    async def replace_message(self, job: Job, view: ui.LayoutView, files: Sequence[discord.File]) -> None:
        """Show the outcome of a job in its status message, after any edit in progress; no refresh edits it afterwards.

        Raises the errors of discord.py.
        """
        async with self._lock_for_last_edit(job):
            await self._show_components(job.origin, view, files)

    async def delete_message(self, job: Job) -> None:
        """Delete the status message of a job, after any edit in progress. Failures are logged only."""
        async with self._lock_for_last_edit(job):
            channel = self._client.get_partial_messageable(job.origin.channel_id, guild_id=job.origin.guild_id)
            try:
                async with asyncio.timeout(EDIT_TIMEOUT_SECONDS):
                    await channel.get_partial_message(job.origin.message_id).delete()
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.info("job %s: its status message was not deleted (%r)", job.id, error)

    def _select_due_statuses(self, statuses: Sequence[JobStatus]) -> list[JobStatus]:
        """Return the jobs whose messages need an edit: changes of phase first, then by the time of the last edit."""
        now = self._clock()
        due = []
        for status in statuses:
            displayed = self._displayed[status.job.id]
            is_finished = status.state in {QueueState.FINISHED, QueueState.DELIVERED}
            if displayed.is_gone or is_finished or not status.job.has_status_message:
                continue
            is_same_phase = _get_phase(status) == displayed.phase
            if is_same_phase and (
                now - displayed.edited_at < COUNTDOWN_INTERVAL_SECONDS or self._build_text(status) == displayed.text
            ):
                continue
            due.append((is_same_phase, displayed.edited_at, status))
        return [status for _, _, status in sorted(due, key=lambda row: row[:2])]

    async def _update_message(self, status: JobStatus, tenure: Tenure) -> None:
        job_id, origin, text = status.job.id, status.job.origin, self._build_text(status)
        displayed = self._displayed[job_id]
        async with self._get_lock(origin):
            if self._finalized_ids is None or origin.message_id in self._finalized_ids:
                return
            try:
                with bind_job_id(job_id):
                    async with self._partitions.hold(tenure):
                        await self._edit_message(origin, content=text, view=self._build_buttons(status))
                displayed = _DisplayedStatus(_get_phase(status), text, self._clock())
            except (discord.Forbidden, discord.NotFound) as error:
                log.info("job %s: its status message cannot be edited any more (%s)", job_id, error)
                displayed = _DisplayedStatus(is_gone=True)
            except PartitionLostError:
                return
            except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning("job %s: its status message was not edited, a later round tries again (%r)", job_id, error)
                displayed = _DisplayedStatus(displayed.phase, displayed.text, self._clock())
        self._displayed[job_id] = displayed

    async def _edit_message(self, origin: Origin, **content: Any) -> None:
        channel = self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)
        message = channel.get_partial_message(origin.message_id)
        async with asyncio.timeout(EDIT_TIMEOUT_SECONDS):
            await message.edit(allowed_mentions=discord.AllowedMentions.none(), **content)

    async def _show_components(self, origin: Origin, view: ui.LayoutView, files: Sequence[discord.File]) -> None:
        """Edit a message that had text; a message with components has none."""
        await self._edit_message(origin, content=None, view=view, attachments=files)

    @asynccontextmanager
    async def _lock_for_last_edit(self, job: Job) -> AsyncIterator[None]:
        async with self._get_lock(job.origin):
            if self._finalized_ids is not None:
                self._finalized_ids.add(job.origin.message_id)
            yield

    def _build_buttons(self, status: JobStatus) -> ui.View | None:
        """Return the cancel button, which a job has until its call begins: after that it is paid for."""
        if status.state is QueueState.RUNNING:
            return None
        return build_cancel_view(status.job.id, load_messages(status.job.locale))

    def _build_text(self, status: JobStatus) -> str:
        messages = load_messages(status.job.locale)
        return format_status(status, messages, self._catalogue.models.get(status.job.request.model))

    def _get_lock(self, origin: Origin) -> asyncio.Lock:
        return self._locks.setdefault(origin.message_id, asyncio.Lock())


def _find_partition(job: Job) -> int:
    """Find the partition of a job: its bot delivers the outcome, and edits the status message until then."""
    return find_partition(get_order_key(job))


def _get_phase(status: JobStatus) -> tuple[QueueState, bool]:
    return status.state, status.is_guild_paused

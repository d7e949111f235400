"""Outcomes are read, told once each where the job was asked for, written down, and acknowledged.

What is not acknowledged is found by the next start, and said then unless the records or Discord have it already.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import discord

from bot.delivery.discord_errors import get_retry_after, is_transient
from bot.delivery.ports import DeliveryStore, OutcomeStream
from bot.delivery.sender import OutcomeSender
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, OutcomeEntry, QueueState
from bot.i18n import load_messages
from bot.rendering.status_text import format_outcome_status
from bot.status.status_messages import StatusMessages
from bot.storage.images import SqlImageStore
from shared.catalogue import Catalogue
from shared.outcome import Generated

log = logging.getLogger(__name__)

T = TypeVar("T")

DELIVERY_RETRY_DELAYS: Final = (1, 2, 4, 8, 15, 30, 60, 120, 300, *[600] * 24)
MAX_BACKLOG: Final = 256
MAX_RETRY_DELAY_SECONDS: Final = 30.0


class OutcomeConsumer:
    """Tells outcomes, in order within a thread, up to `parallel` at the same time over all.

    `keeping` keeps the pictures that jobs started from, and those that could be told nowhere, before the queue drops
    them. `board` is the one that runs in
    this process: a status message's last edit must come after the board's own.
    `patience` are the pauses in seconds before a delivery that failed for a passing reason is tried again; after them
    it is left to the next start. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: OutcomeStream,
        catalogue: Catalogue,
        *,
        store: DeliveryStore,
        image_store: SqlImageStore | None = None,
        max_concurrent: int = 8,
        status_messages: StatusMessages | None = None,
        retry_delays: Sequence[float] = DELIVERY_RETRY_DELAYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._store = store
        self._image_store = image_store
        self._sender = OutcomeSender(client, queue, catalogue, clock=clock)
        self._status_messages = status_messages or StatusMessages(client, queue, catalogue)
        self._retry_delays = retry_delays
        self._slots = asyncio.Semaphore(max_concurrent)
        self._backlog = asyncio.Semaphore(MAX_BACKLOG)
        self._last_tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled; what is then in hand is left unacknowledged, to be found by the next start."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                deliveries = await _retry_until_answered(self._queue.read_outcomes)
                standings = await self._load_statuses(deliveries)
                for delivery in deliveries:
                    await self._backlog.acquire()
                    self._start_delivery(tasks, delivery, standings.get(delivery.job_id))

    async def _load_statuses(self, entries: Sequence[OutcomeEntry]) -> dict[str, JobStatus]:
        known = await _retry_until_answered(
            lambda: self._queue.load_statuses([delivery.job_id for delivery in entries])
        )
        return {standing.job.id: standing for standing in known}

    def _start_delivery(self, tasks: asyncio.TaskGroup, entry: OutcomeEntry, status: JobStatus | None) -> None:
        place = status.job.origin if status else None
        key = 0 if place is None else place.channel_id if place.is_in_thread else place.message_id
        task = tasks.create_task(self._deliver_with_retries(entry, status, self._last_tasks.get(key)))
        self._last_tasks[key] = task
        task.add_done_callback(lambda done: self._release_slot(key, done))

    def _release_slot(self, key: int, task: asyncio.Task[None]) -> None:
        self._backlog.release()
        if self._last_tasks.get(key) is task:
            del self._last_tasks[key]

    async def _deliver_with_retries(
        self, entry: OutcomeEntry, status: JobStatus | None, previous: asyncio.Task[None] | None
    ) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        for pause in self._retry_delays:
            try:
                async with self._slots:
                    await self._deliver_entry(entry, status)
            except Exception as error:
                log.warning("job %s: not delivered yet, tried again", entry.job_id, exc_info=not is_transient(error))
                await asyncio.sleep(max(pause, get_retry_after(error)))
            else:
                return
        log.error("job %s: its answer could not be told; the next start of the bot tries again", entry.job_id)

    async def _deliver_entry(self, entry: OutcomeEntry, status: JobStatus | None) -> None:
        if status is None or status.outcome is None or status.state is QueueState.DELIVERED:
            log.warning("job %s: nothing to tell, its outcome is acknowledged", entry.job_id)
            await self._queue.acknowledge_outcome(entry, None)
            return
        closed = await self._store.load_closed_record(entry.job_id)
        if closed is None:
            told = await self.deliver_outcome(status)
        else:
            told = closed.message
            await self._repeat_final_edit(status, closed)
        await self._save_source_image(status)
        if told is None:
            await self._save_undelivered_image(status)
        await self._queue.acknowledge_outcome(entry, told.message_id if told else None)

    async def _save_source_image(self, status: JobStatus) -> None:
        """Keep what the job started from, for who goes on from there."""
        if self._image_store is None or not status.job.request.has_picture:
            return
        if await self._image_store.refresh_source_image(status.job.id):
            return
        prepared = await self._queue.load_prepared_image(status.job.id)
        if prepared is not None:
            await self._image_store.save_source_image(status.job.id, prepared)

    async def _save_undelivered_image(self, status: JobStatus) -> None:
        """Keep a picture that no place takes, for who asks to be shown it. Raises `shared.problems.Refused`."""
        if self._image_store is None or not isinstance(status.outcome, Generated):
            return
        picture = await self._queue.load_result_image(status.job.id)
        if picture is not None:
            await self._image_store.save_undelivered_image(status.job.id, picture)

    async def deliver_outcome(self, status: JobStatus) -> MessageRef | None:
        """Say once how a job ended, write down where, and make the last edit of its status message.

        None when there is nowhere left to tell it. Raises what `bot.delivery.discord_errors.passes`.
        """
        told = await self._sender.send_outcome(status)
        if told is None:
            log.warning("job %s: there is nowhere left to tell how it ended", status.job.id)
        await self._store.mark_delivered(status, told)
        await self._finalize_status_message(status, told)
        return told

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        """Look for an answer to the job that was posted since `standing.since`. Raises `discord.HTTPException`."""
        return await self._sender.find_outcome_message(status)

    async def _repeat_final_edit(self, status: JobStatus, closed: ClosedRecord) -> None:
        log.warning("job %s: was told before, its outcome is acknowledged", status.job.id)
        if closed.message is not None:
            await self._finalize_status_message(status, closed.message)

    async def _finalize_status_message(self, status: JobStatus, message: MessageRef | None) -> None:
        if status.outcome is None:
            raise TypeError(f"job {status.job.id} has no outcome yet: {status.state}")
        if status.job.exploration_id:
            return
        phrases = load_messages(status.job.requester.locale)
        private = message is not None and message.is_private and not status.job.origin.is_direct_message
        text = format_outcome_status(
            status.outcome,
            phrases,
            message.build_link(status.job.origin.guild_id) if message else None,
            is_private=private,
        )
        await self._status_messages.finalize_message(status.job.origin, text)


async def _retry_until_answered(call: Callable[[], Awaitable[T]]) -> T:
    """Ask the queue until it answers: there is nothing else to do without it."""
    pause = 1.0
    while True:
        try:
            return await call()
        except Exception:
            log.warning("the queue does not answer; asked again in %g s", pause, exc_info=True)
        await asyncio.sleep(pause)
        pause = min(2 * pause, MAX_RETRY_DELAY_SECONDS)

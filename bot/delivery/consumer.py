"""Reads outcomes from the queue; each is posted once, recorded, and acknowledged.

Of several bots, each delivers the outcomes of its partitions. A bot that gets one reads those outcomes of it that were
not acknowledged. They are not posted again if the database or Discord has them.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.delivery.delivered_images import DeliveredImages
from bot.delivery.discord_errors import get_retry_after, is_transient
from bot.delivery.entry_notices import EntryNotices
from bot.delivery.final_status import FinalStatus
from bot.delivery.ports import DeliveryStore, EntryReader, GuildSettingsReader, OutcomeStream, StatusMessageFinalizer
from bot.delivery.private_notices import PrivateNotices, is_for_requester_alone, is_read_by_others
from bot.delivery.queue_retries import retry_until_answered
from bot.delivery.result_pictures import ResultPictures
from bot.delivery.sender import OutcomeSender
from bot.delivery.unreadable import UnreadableOutcomes
from bot.domain.errors import PartitionLostError
from bot.domain.events import NO_EVENTS, Events
from bot.domain.guild_settings import GuildSettings
from bot.domain.messages import MessageRef
from bot.domain.partitions import Tenure, find_partition, get_order_key
from bot.domain.ports import PartitionOwner
from bot.domain.status import JobStatus, OutcomeEntry, QueueState
from bot.domain.unreadable import UnreadableJob
from bot.interactions.followups import RecentFollowups
from bot.storage.images import SqlImageStore
from bot.storage.result_hashes import SqlResultHashStore
from shared.catalogue import Catalogue
from shared.errors import PentimentoError
from shared.job import Job
from shared.log_context import bind_job_id
from shared.outcome import Failed, Generated
from shared.tracing import JOB_ID, NO_TRACER, OUTCOME, SpanKind, Tracer, describe_job

log = logging.getLogger(__name__)

DELIVERY_RETRY_DELAYS: Final = (1, 2, 4, 8, 15, 30, 60, 120, 300, *[600] * 24)
MAX_BACKLOG: Final = 256
HALTED_AFTER_SECONDS: Final = 30.0
"""A read of the empty stream takes 2 s."""


@dataclass(frozen=True)
class Delivery:
    """An outcome, the status of its job when it was read, and the time for which this bot delivers its partition."""

    entry: OutcomeEntry
    status: JobStatus | UnreadableJob | None
    tenure: Tenure


class OutcomeConsumer:
    """Delivers outcomes, in order within a thread, at most `max_concurrent` at a time.

    `status_messages` edits status messages a last time; it must be the instance that edits them in this process, so
    that no other edit follows. `guild_settings` say where results appear. `followups` are the interactions that this
    process handled. `image_store` keeps the pictures of entries, which are shown later, before the queue drops them;
    if `keeps_images`, it also keeps the pictures that jobs started from, and those that could not be posted.
    `result_hashes` keep those of copies. `retry_delays` are the seconds before each retry of a delivery; after the last
    one, the delivery waits for the next start of a bot. `clock` gives Unix seconds. `events` notes
    deliveries, and those that failed.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: OutcomeStream,
        partitions: PartitionOwner,
        catalogue: Catalogue,
        *,
        store: DeliveryStore,
        status_messages: StatusMessageFinalizer,
        guild_settings: GuildSettingsReader,
        entries: EntryReader,
        followups: RecentFollowups | None = None,
        image_store: SqlImageStore | None = None,
        result_hashes: SqlResultHashStore | None = None,
        keeps_images: bool = True,
        max_concurrent: int = 8,
        retry_delays: Sequence[float] = DELIVERY_RETRY_DELAYS,
        clock: Callable[[], float] = time.time,
        tracer: Tracer = NO_TRACER,
        events: Events = NO_EVENTS,
    ) -> None:
        self._tracer = tracer
        self._queue = queue
        self._partitions = partitions
        self._clock = clock
        self._store = store
        self._status_messages = status_messages
        self._pictures = ResultPictures(queue)
        self._final_status = FinalStatus(self._pictures, status_messages, guild_settings, catalogue, result_hashes)
        self._images = DeliveredImages(queue, image_store, keeps_images=keeps_images)
        self._unreadable_outcomes = UnreadableOutcomes(queue, store, status_messages)
        self._private_notices = PrivateNotices(client, followups or RecentFollowups())
        self._sender = OutcomeSender(
            client,
            self._pictures,
            catalogue,
            status_messages,
            self._get_start,
            result_hashes=result_hashes,
            clock=clock,
        )
        self._entry_notices = EntryNotices(queue, self._sender, self._private_notices, entries)
        self._events = events
        self._retry_delays = retry_delays
        self._slots = asyncio.Semaphore(max_concurrent)
        self._backlog = asyncio.Semaphore(MAX_BACKLOG)
        self._last_tasks: dict[int, asyncio.Task[None]] = {}
        self._progressed_at = time.monotonic()

    async def run(self) -> None:
        """Deliver until cancelled. Unfinished deliveries stay unacknowledged and are read again by the next start."""
        tenures: Mapping[int, Tenure] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._partitions.wait_for_partitions()
                self._progressed_at = time.monotonic()
                previous, tenures = tenures, self._partitions.tenures
                if any(tenure is not previous.get(partition) for partition, tenure in tenures.items()):
                    self._queue.restart()
                entries = [
                    *await retry_until_answered(self._queue.read_outcomes),
                    *self._unreadable_outcomes.pop_due_entries(),
                ]
                statuses = await self._load_statuses(entries)
                for entry in entries:
                    status = statuses.get(entry.job_id)
                    key = get_order_key(status.job if status else None)
                    tenure = tenures.get(find_partition(key))
                    if tenure is None:
                        self._queue.release_outcome(entry)
                        continue
                    await self._backlog.acquire()
                    self._start_delivery(tasks, Delivery(entry, status, tenure), key)

    def is_reading(self) -> bool:
        """Tell whether outcomes were read lately: neither has the queue failed, nor have deliveries piled up."""
        return time.monotonic() - self._progressed_at < HALTED_AFTER_SECONDS

    async def deliver_outcome(self, status: JobStatus) -> MessageRef | None:
        """Post the outcome of a finished job once, record where, and edit its status message a last time.

        None when no place accepts it, for an entry, which only its author is told about, and for an item of a batch,
        which is stored. Raises the errors that `bot.delivery.discord_errors.is_transient` knows, and `RejectedError`.
        """
        outcome = status.outcome
        if outcome is None:
            raise ValueError(f"job {status.job.id} has no outcome yet: {status.state}")
        if status.job.batch is not None:
            has_image = isinstance(outcome, Generated)
            image = await self._queue.load_result_image(status.job.id) if has_image else None
            await self._store.mark_delivered(status, None, image)
            return None
        if status.job.entry is not None:
            await self._entry_notices.tell_author(status, outcome)
            await self._store.mark_delivered(status, None)
            return None
        if isinstance(outcome, Failed) and is_for_requester_alone(status.job, outcome):
            return await self._deliver_to_requester_alone(status, outcome)
        settings = await self._final_status.load_settings(status.job)
        async with self._pictures.share(status.job.id) if isinstance(outcome, Generated) else contextlib.nullcontext():
            with self._tracer.start_span("post", kind=SpanKind.CLIENT, attributes=describe_job(status.job)):
                message = await self._sender.send_outcome(status, outcome, settings)
            if message is None:
                log.warning("job %s: no place accepts its outcome", status.job.id)
            await self._store.mark_delivered(status, message)
            await self._final_status.show_outcome(status, outcome, message, settings)
        if not isinstance(outcome, Generated) and is_read_by_others(status.job, outcome):
            await self._private_notices.explain_outcome(status.job, outcome)
        return message

    async def _deliver_to_requester_alone(self, status: JobStatus, outcome: Failed) -> MessageRef | None:
        """Show a problem to the requester alone and delete the status message. None unless it is a direct message."""
        job, message = status.job, None
        is_shown = await self._private_notices.show_problem(job, outcome.problem)
        if not is_shown:
            settings = await self._final_status.load_settings(job)
            message = await self._sender.send_directly(status, outcome, settings)
        await self._store.mark_delivered(status, message)
        if is_shown or message is not None:
            log.info("job %s: only its requester was told (%s)", job.id, outcome.problem.code)
            if job.has_status_message:
                await self._status_messages.delete_message(job)
        else:
            log.warning("job %s: its requester could not be told alone (%s)", job.id, outcome.problem.code)
            await self._final_status.show_outcome(status, outcome, None, GuildSettings())
        return message

    async def find_outcome_message(self, status: JobStatus) -> MessageRef | None:
        """Find the message that shows the outcome of a job, posted since it ended. Raises `discord.HTTPException`."""
        return await self._sender.find_outcome_message(status)

    def _get_start(self, job: Job) -> float:
        """Return since when no other bot has posted the outcome of a job: since now if another one delivers it."""
        tenure = self._partitions.find_tenure(get_order_key(job))
        return self._clock() if tenure is None else tenure.since

    async def _load_statuses(self, entries: Sequence[OutcomeEntry]) -> dict[str, JobStatus | UnreadableJob]:
        job_ids = [entry.job_id for entry in entries]
        statuses = await retry_until_answered(lambda: self._queue.load_statuses(job_ids))
        found: dict[str, JobStatus | UnreadableJob] = {status.job.id: status for status in statuses}
        missing_ids = [job_id for job_id in job_ids if job_id not in found]
        if missing_ids:
            unreadable = await retry_until_answered(lambda: self._queue.load_unreadable_jobs(missing_ids))
            found |= {row.job_id: row for row in unreadable}
        return found

    def _start_delivery(self, tasks: asyncio.TaskGroup, delivery: Delivery, key: int) -> None:
        """Start a delivery that waits for the previous one of the same thread, status message or author of entries."""
        task = tasks.create_task(self._deliver_with_retries(delivery, self._last_tasks.get(key)))
        self._last_tasks[key] = task
        task.add_done_callback(lambda done: self._release_backlog(key, done))

    def _release_backlog(self, key: int, task: asyncio.Task[None]) -> None:
        self._backlog.release()
        if self._last_tasks.get(key) is task:
            del self._last_tasks[key]

    async def _deliver_with_retries(self, delivery: Delivery, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        with bind_job_id(delivery.entry.job_id):
            await self._retry_delivery(delivery)

    async def _retry_delivery(self, delivery: Delivery) -> None:
        entry, tenure = delivery.entry, delivery.tenure
        for delay in self._retry_delays:
            try:
                async with self._slots, self._partitions.hold(tenure):
                    await self._deliver_in_span(entry, delivery.status)
            except PartitionLostError:
                log.debug("job %s: another bot delivers its outcome", entry.job_id)
                self._queue.release_outcome(entry)
                return
            except Exception as error:
                self._events.note_delivery_failure(error)
                is_expected = isinstance(error, PentimentoError) or is_transient(error)
                log.warning("job %s: not delivered yet, retrying: %s", entry.job_id, error, exc_info=not is_expected)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(delay, get_retry_after(error))):
                        await tenure.ended.wait()
            else:
                return
        log.error("job %s: its outcome could not be delivered; the next start of the bot tries again", entry.job_id)

    async def _deliver_in_span(self, entry: OutcomeEntry, status: JobStatus | UnreadableJob | None) -> None:
        """Deliver once, as a step of the trace in which the job was accepted, by this process or another."""
        known = status if isinstance(status, JobStatus) else None
        with self._tracer.start_span(
            "deliver",
            kind=SpanKind.CONSUMER,
            parent=known.traceparent if known else "",
            attributes=describe_job(known.job) if known else {JOB_ID: entry.job_id},
        ) as span:
            if known and known.outcome:
                span.set_attribute(OUTCOME, known.outcome.kind)
            await self._deliver_entry(entry, status)

    async def _deliver_entry(self, entry: OutcomeEntry, status: JobStatus | UnreadableJob | None) -> None:
        if isinstance(status, UnreadableJob):
            status = await self._unreadable_outcomes.resolve(entry, status)
            if status is None:
                return
        if status is None or status.outcome is None or status.state is QueueState.DELIVERED:
            log.warning("job %s: there is nothing to deliver, its outcome is acknowledged", entry.job_id)
            await self._queue.acknowledge_outcome(entry, None)
            return
        record = await self._store.load_closed_record(entry.job_id)
        if record is None:
            message = await self.deliver_outcome(status)
            self._events.note_delivery(status)
        else:
            log.warning("job %s: delivered before, its outcome is acknowledged", entry.job_id)
            message = record.message
            if message is not None and not record.is_deleted:
                settings = await self._final_status.load_settings(status.job)
                await self._final_status.show_outcome(status, status.outcome, message, settings)
        await self._images.save_images(status, is_undelivered=message is None)
        message_id = message.message_id if message else None
        await self._queue.acknowledge_outcome(entry, message_id)
        log.info("job %s: delivered (%s), message %s", entry.job_id, status.outcome.kind, message_id or "none")

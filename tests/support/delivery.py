"""The bot's delivery on a channel of the stand-in for Discord, with an outcome stream in memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import discord

from bot.delivery.consumer import OutcomeConsumer
from bot.delivery.ports import DeliveryStore, EntryReader
from bot.domain.errors import PartitionLostError
from bot.domain.guild_settings import GuildSettings
from bot.domain.messages import MessageRef
from bot.domain.partitions import PARTITION_COUNT, Tenure, find_partition
from bot.domain.ports import PartitionOwner
from bot.domain.records import ClosedRecord
from bot.domain.rounds import Contest, Phase, RoundEntry
from bot.domain.status import JobStatus, OutcomeEntry, QueueState
from bot.domain.unreadable import JobOwner, UnreadableJob
from bot.interactions.followups import RecentFollowups
from bot.status.status_messages import StatusMessages
from bot.storage.images import SqlImageStore
from bot.storage.result_hashes import SqlResultHashStore
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Outcome
from tests.support.discord_channel import run_in_background
from tests.support.fake_stores import FakeGuildSettingsStore
from tests.support.rounds import make_contest

QUICK_RETRIES = (0.05,) * 40


class FakeOutcomeStream:
    """An `OutcomeStream` in memory. Outcomes are read in the order in which the jobs finished."""

    def __init__(self) -> None:
        self.statuses: dict[str, JobStatus] = {}
        self.unreadable_jobs: dict[str, UnreadableJob] = {}
        self.images: dict[str, bytes] = {}
        self.loaded_images: list[str] = []
        self.stream: asyncio.Queue[OutcomeEntry] = asyncio.Queue()
        self.delivered_messages: dict[str, int | None] = {}
        self.acknowledgement = asyncio.Condition()
        self.released_entries: list[OutcomeEntry] = []

    def put_status(self, status: JobStatus) -> None:
        self.statuses[status.job.id] = status

    def finish_job(self, job: Job, outcome: Outcome, image: bytes | None = None, thread_id: int | None = None) -> None:
        self.put_status(JobStatus(job, QueueState.FINISHED, 0, 0, time.time(), thread_id, outcome))
        if image is not None:
            self.images[job.id] = image
        self.redeliver(job)

    def redeliver(self, job: Job) -> None:
        """Return the outcome once more, as after a restart when it was not acknowledged."""
        self.stream.put_nowait(OutcomeEntry(f"entry-{job.id}", job.id))

    async def list_open_jobs(self) -> Sequence[str]:
        return [job_id for job_id in self.statuses if job_id not in self.delivered_messages]

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        return [self.statuses[job_id] for job_id in job_ids if job_id in self.statuses]

    async def load_unreadable_jobs(self, job_ids: Collection[str]) -> Sequence[UnreadableJob]:
        return [self.unreadable_jobs[job_id] for job_id in job_ids if job_id in self.unreadable_jobs]

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        return [await self.stream.get()]

    def restart(self) -> None:
        """All that is there is read anyway."""

    def release_outcome(self, entry: OutcomeEntry) -> None:
        self.released_entries.append(entry)

    async def load_result_image(self, job_id: str) -> bytes | None:
        self.loaded_images.append(job_id)
        return self.images.get(job_id)

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        return None

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None:
        async with self.acknowledgement:
            self.delivered_messages[entry.job_id] = message_id
            self.acknowledgement.notify_all()

    async def wait_until_delivered(self, job: Job, seconds: float = 8) -> int | None:
        async with self.acknowledgement, asyncio.timeout(seconds):
            await self.acknowledgement.wait_for(lambda: job.id in self.delivered_messages)
        return self.delivered_messages[job.id]


class FakePartitions:
    """A `PartitionOwner` of one bot that has all of the partitions, or of one of several that has these."""

    def __init__(self, *partitions: int, since: float | None = None) -> None:
        since = time.time() if since is None else since
        self._tenures = {p: Tenure(p, since) for p in partitions or range(PARTITION_COUNT)}

    @property
    def tenures(self) -> Mapping[int, Tenure]:
        return {p: tenure for p, tenure in self._tenures.items() if not tenure.ended.is_set()}

    def find_tenure(self, key: int) -> Tenure | None:
        return self.tenures.get(find_partition(key))

    @asynccontextmanager
    async def hold(self, tenure: Tenure) -> AsyncIterator[None]:
        if tenure.ended.is_set():
            raise PartitionLostError("another bot delivers it")
        yield

    async def wait_for_partitions(self) -> None:
        while not self.tenures:  # noqa: ASYNC110 - the end of a tenure is an event, its beginning is none
            await asyncio.sleep(0.01)


class UnavailableDeliveryStore:
    """A `DeliveryStore` whose database is down: only Discord knows which outcomes were posted."""

    async def load_owner(self, job_id: str) -> JobOwner | None:
        return None

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        return None

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None, image: bytes | None = None) -> None:
        return None


class FakeEntryReader:
    """An `EntryReader` in memory."""

    def __init__(self, *entries: RoundEntry, phase: Phase = Phase.ENTERING, **settings: Any) -> None:
        self.entries = {entry.job_id: entry for entry in entries}
        self.contest = replace(make_contest(**settings), phase=phase)

    async def find_entry(self, job_id: str) -> RoundEntry | None:
        return self.entries.get(job_id)

    async def find_contest(self, _contest_id: str) -> Contest:
        return self.contest


def make_consumer(
    client: discord.Client,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    *,
    store: DeliveryStore | None = None,
    image_store: SqlImageStore | None = None,
    retry_delays: Sequence[float] = QUICK_RETRIES,
    max_concurrent: int = 8,
    followups: RecentFollowups | None = None,
    guild_settings: GuildSettings | None = None,
    entries: EntryReader | None = None,
    keeps_images: bool = True,
    result_hashes: SqlResultHashStore | None = None,
    partitions: PartitionOwner | None = None,
) -> OutcomeConsumer:
    partitions = partitions or FakePartitions()
    return OutcomeConsumer(
        client,
        outcome_stream,
        partitions,
        catalogue,
        store=store or UnavailableDeliveryStore(),
        status_messages=StatusMessages(client, outcome_stream, catalogue, partitions),
        entries=entries or FakeEntryReader(),
        guild_settings=FakeGuildSettingsStore(guild_settings or GuildSettings()),
        image_store=image_store,
        result_hashes=result_hashes,
        keeps_images=keeps_images,
        retry_delays=retry_delays,
        max_concurrent=max_concurrent,
        followups=followups,
    )


async def deliver_outcome(consumer: OutcomeConsumer, outcome_stream: FakeOutcomeStream, job: Job) -> int | None:
    """Run the consumer until it has acknowledged the outcome of a job, and return the id of its message."""
    async with run_in_background(consumer.run):
        return await outcome_stream.wait_until_delivered(job)

"""What the bot's database and Discord know, in memory: the queue is compared with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.storage.queue_epoch import LoggedCall, RecordedCounters
from shared.job import Job

MESSAGE_ID = 99


@dataclass
class Counters:
    """The counters of one entry of a job into the queue."""

    claims: int = 0
    calls: int = 0
    unknown_calls: int = 0

    def raise_to(self, claims: int, calls: int, unknown_calls: int) -> None:
        self.claims = max(self.claims, claims)
        self.calls = max(self.calls, calls)
        self.unknown_calls = max(self.unknown_calls, unknown_calls)


@dataclass
class Record:
    """A request that the bot has stored before it queues it.

    `is_promised`: Redis has said that it has the job, and has not lost data since. `outcome` is the kind that Discord
    shows. `billed_calls` are those that ran or may have run.
    """

    job: Job
    picture: bytes | None
    entries: list[Counters] = field(default_factory=lambda: [Counters()])
    is_open: bool = True
    is_promised: bool = False
    outcome: str | None = None
    billed_calls: int = 0

    @property
    def is_requeued(self) -> bool:
        return len(self.entries) > 1


class Records:
    """All records. It is an epoch store, with transactions that nothing interrupts."""

    def __init__(self) -> None:
        self.by_id: dict[str, Record] = {}
        self.paused_guilds: set[int] = set()
        self.epoch = 0

    def list_open(self) -> Sequence[Record]:
        return [record for record in self.by_id.values() if record.is_open]

    def post(self, job_id: str, outcome: str) -> None:
        """Post an outcome in Discord, unless its message is found there, and close the record."""
        record = self.by_id[job_id]
        record.outcome = record.outcome or outcome
        record.is_open = False

    async def load_epoch(self) -> int:
        return self.epoch

    async def save_epoch(self, number: int) -> None:
        self.epoch = number

    async def load_counters(self, job_ids: Collection[str]) -> Mapping[str, RecordedCounters]:
        return {
            job_id: RecordedCounters(
                is_open=record.is_open,
                message_id=MESSAGE_ID if record.outcome else None,
                is_requeued=record.is_requeued,
                claims=record.entries[-1].claims,
                calls=record.entries[-1].calls,
                unknown_calls=record.entries[-1].unknown_calls,
            )
            for job_id in job_ids
            if (record := self.by_id.get(job_id))
        }

    async def record_calls(self, calls: Collection[LoggedCall]) -> None:
        for call in calls:
            if record := self.by_id.get(call.job_id):
                entry = record.entries[0] if call.is_late else record.entries[-1]
                entry.raise_to(0, call.calls, call.unknown_calls)


class UnrestoredDatabase:
    """Stands where `RestoredJobs` belongs: this database is never restored from a backup."""

    async def is_needed(self) -> bool:
        return False


def as_any(stand_in: object) -> Any:
    """Pass a stand-in where a class of the bot with SQL belongs."""
    return stand_in

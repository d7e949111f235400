"""The queue's epoch in Redis, what an older file of Redis does not know of its jobs, and the log of calls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, cast

from bot.queue.connection import QueueRedis, raise_queue_unavailable
from bot.queue.outcomes import DELIVERED_JOB_TTL_SECONDS
from bot.queue.scripts import ScriptRunner
from bot.queue.streams import Entry, read_stream
from shared.queue.keys import CONSUMER_GROUP
from shared.queue.replies import ScriptReply

CALL_BATCH_SIZE: Final = 200
CALL_BLOCK_MS: Final = 5000
CLOCK_DIFFERENCE_SECONDS: Final = 60.0
"""By how much the clocks of Redis and of the bots may differ."""

_BEGINNING: Final = "0"
_NO_ENTRY_ID: Final = "0-1"


class EpochReply(ScriptReply):
    """Reply of epoch.lua. Calls start only while the epoch is confirmed. Milliseconds of Redis's clock, or 0."""

    number: int
    is_confirmed: bool
    confirmed_at: int


@dataclass(frozen=True)
class QueuedCounters:
    """The counters of a job that has not ended, as Redis knows them."""

    job_id: str
    calls: int
    unknown_calls: int


class RedisQueueEpoch:
    """Reads and confirms the epoch, and corrects jobs of an older file. Methods raise `QueueUnavailableError`."""

    def __init__(self, redis: QueueRedis) -> None:
        self._redis = redis
        self._names = redis.names
        self._scripts = ScriptRunner(redis, "epoch", "mark_delivered", "restore_counts")

    async def read_epoch(self) -> EpochReply:
        """Read the epoch that was confirmed last, and whether it still holds."""
        with raise_queue_unavailable():
            return EpochReply.parse(await self._scripts.run("epoch", 0))

    async def has_kept_jobs_since(self, accepted_at: float) -> bool:
        """Tell whether Redis certainly still has each job that it has accepted since then, in Unix seconds.

        A job of that time that it does not have was never accepted, and no call of it was made.
        """
        confirmed_at = (await self.read_epoch()).confirmed_at / 1000
        return confirmed_at > 0 and accepted_at > confirmed_at + CLOCK_DIFFERENCE_SECONDS

    async def confirm_epoch(self, number: int) -> None:
        """Let workers start calls, until Redis starts again or loses its data."""
        with raise_queue_unavailable():
            await self._scripts.run("epoch", number)

    async def list_open_jobs(self) -> Sequence[str]:
        """List the ids of all open jobs."""
        with raise_queue_unavailable():
            members = cast("list[bytes]", await self._redis.zrange(self._names.open_jobs, 0, -1))
        return [member.decode() for member in members]

    async def load_counters(self, job_ids: Collection[str]) -> Sequence[QueuedCounters]:
        """Load the counters of those of these jobs that have not ended."""
        pipeline = self._redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hmget(self._names.job_key(job_id), "state", "calls", "unknown_calls")
        with raise_queue_unavailable():
            rows = cast("list[list[bytes | None]]", await pipeline.execute())
        return [
            QueuedCounters(job_id, int(calls or 0), int(unknown_calls or 0))
            for job_id, (state, calls, unknown_calls) in zip(job_ids, rows, strict=True)
            if state not in {None, b"finished", b"delivered"}
        ]

    async def restore_counts(self, job_id: str, *, claims: int, calls: int, unknown_calls: int) -> None:
        """Raise the counters of a job that has not ended to at least these."""
        with raise_queue_unavailable():
            await self._scripts.run("restore_counts", job_id, claims, calls, unknown_calls)

    async def end_delivered_job(self, job_id: str, message_id: int | None) -> None:
        """End a job that was delivered, although Redis has it waiting or running."""
        ttl_ms = DELIVERED_JOB_TTL_SECONDS * 1000
        with raise_queue_unavailable():
            await self._scripts.run("mark_delivered", job_id, CONSUMER_GROUP, _NO_ENTRY_ID, message_id or "", ttl_ms)

    async def read_calls(self) -> Sequence[Entry]:
        """Wait a few seconds at most for entries of the log of calls, oldest first."""
        with raise_queue_unavailable():
            name = self._names.call_log
            return await read_stream(self._redis, name, _BEGINNING, count=CALL_BATCH_SIZE, block_ms=CALL_BLOCK_MS)

    async def delete_calls(self, entry_ids: Collection[bytes]) -> None:
        """Delete entries of the log of calls that the database knows now."""
        with raise_queue_unavailable():
            await self._redis.xdel(self._names.call_log, *entry_ids)

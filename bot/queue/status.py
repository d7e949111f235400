"""Reading the status of jobs from Redis."""

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import Any, Final, cast

from bot.domain.queue_gauges import WORKER_TIMEOUT_SECONDS
from bot.domain.status import JobsBefore, JobStatus, QueueState
from bot.domain.unreadable import UnreadableJob, salvage_job
from bot.queue.connection import QueueRedis, raise_queue_unavailable, translate_redis_errors
from bot.queue.limits import build_guild_scope, get_scope_kind
from bot.queue.pictures import QueuePictures, reject_without_pictures
from bot.queue.replies import JobsBeforeReply, StatusReply
from bot.queue.scripts import ScriptRunner
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import OUTCOME_ADAPTER
from shared.queue.stages import Stage
from shared.request.bundles import remove_ingredient
from shared.unreadable import UnreadableRowLog

log = logging.getLogger(__name__)

OPEN_JOBS_PAGE_SIZE: Final = 100
"""How many open jobs one look at the queue reads at its front, at its back, and in between."""

DEFAULT_CALL_SECONDS: Final = 10.0
"""How long a call takes of a model that is no longer in the catalogue and was not called lately."""

WORKER_TIMEOUT_MS: Final = int(WORKER_TIMEOUT_SECONDS * 1000)

JOB_CACHE_SIZE: Final = 512

MAX_JOBS_BEFORE: Final = 50
"""How many of the jobs before a job are read at most, to say whose they are."""


class RedisJobStatusReader:
    """Reads the status of jobs in Redis.

    A job is open from when it is accepted until its outcome is delivered. Where nothing else is said, methods raise
    `RejectedError` (queue_unavailable).
    """

    def __init__(self, redis: QueueRedis, catalogue: Catalogue, pictures: QueuePictures | None = None) -> None:
        self._redis = redis
        self._pictures = pictures or QueuePictures()
        self._names = redis.names
        self._catalogue = catalogue
        self._status_scripts = ScriptRunner(redis, "status", "jobs_before")
        self._next_page_start = OPEN_JOBS_PAGE_SIZE
        self._unreadable_rows = UnreadableRowLog(log)
        self._unknown_models: set[str] = set()

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()

    async def list_open_jobs(self) -> Sequence[str]:
        """List the ids of open jobs, oldest first. Raises `QueueUnavailableError`.

        If there are more than a few pages of them, each call lists the oldest, those that workers have claimed, the
        newest, and another page of the others.
        """
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zrange(self._names.open_jobs, 0, OPEN_JOBS_PAGE_SIZE - 1)
        for stage in Stage:
            pipeline.zrange(self._names.leases_key(stage), 0, -1)
        pipeline.zrange(self._names.open_jobs, self._next_page_start, self._next_page_start + OPEN_JOBS_PAGE_SIZE - 1)
        pipeline.zrange(self._names.open_jobs, -OPEN_JOBS_PAGE_SIZE, -1)
        with raise_queue_unavailable():
            *first, page, newest = cast("list[list[bytes]]", await pipeline.execute())
        is_last_page = len(page) < OPEN_JOBS_PAGE_SIZE
        self._next_page_start = OPEN_JOBS_PAGE_SIZE if is_last_page else self._next_page_start + OPEN_JOBS_PAGE_SIZE
        return [job_id.decode(errors="replace") for job_id in dict.fromkeys(chain(*first, page, newest))]

    async def list_tenant_jobs(self, tenant: str) -> tuple[Sequence[JobStatus], int]:
        """List the open jobs of a tenant, oldest first, and count those that this release cannot read."""
        rows = await self._load_rows(await self._list_scope_jobs(tenant))
        statuses = [row for row in rows if isinstance(row, JobStatus)]
        return sorted(statuses, key=lambda status: (status.job.accepted_at, status.job.id)), len(rows) - len(statuses)

    async def count_open_jobs(self, guild_id: int) -> int:
        """Count the open jobs of a guild."""
        with translate_redis_errors():
            return await self._redis.scard(self._names.open_jobs_key(build_guild_scope(guild_id)))

    async def list_guild_jobs(self, guild_id: int, start: int, count: int) -> tuple[Sequence[JobStatus], int]:
        """List some of the open jobs of a guild, oldest first, and count all of them.

        Those that this release cannot read are counted only.
        """
        job_ids = sorted(await self._list_scope_jobs(build_guild_scope(guild_id)), key=_get_age_key)
        return await self.load_statuses(job_ids[start : start + count]), len(job_ids)

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        """Load the status of these jobs, without those that Redis does not know or this release cannot read."""
        rows = await self._load_rows(job_ids)
        return [row for row in rows if isinstance(row, JobStatus)]

    async def load_unreadable_jobs(self, job_ids: Collection[str]) -> Sequence[UnreadableJob]:
        """Load those of these jobs that Redis knows and this release cannot read."""
        rows = await self._load_rows(job_ids)
        return [row for row in rows if isinstance(row, UnreadableJob)]

    async def load_jobs_before(self, job_id: str) -> JobsBefore:
        """Load the jobs that run before one that waits, without those that this release cannot read."""
        with translate_redis_errors():
            reply = JobsBeforeReply.parse(await self._status_scripts.run("jobs_before", job_id, MAX_JOBS_BEFORE))
        jobs = []
        for job_json in reply.jobs:
            with suppress(ValueError):
                jobs.append(_parse_job(job_json))
        return JobsBefore(reply.count, jobs)

    async def _list_scope_jobs(self, scope: str) -> list[str]:
        with translate_redis_errors():
            members = cast("set[bytes]", await self._redis.smembers(self._names.open_jobs_key(scope)))
        return [job_id.decode(errors="replace") for job_id in members]

    async def _load_rows(self, job_ids: Collection[str]) -> list[JobStatus | UnreadableJob]:
        if not job_ids:
            return []
        with translate_redis_errors():
            replies = await self._status_scripts.run("status", *job_ids)
        return [self._read_row(reply) for reply in replies]

    def _read_row(self, reply: Sequence[Any]) -> JobStatus | UnreadableJob:
        """Read a row by itself: one that cannot be read must not keep the others from being read."""
        try:
            return self._build_status(StatusReply.parse(reply))
        except ValueError as error:
            row = {name.decode(): value for name, value in zip(reply[::2], reply[1::2], strict=True)}
            job_id = row["job_id"].decode(errors="replace")
            self._unreadable_rows.report(f"job {job_id}", error)
            return salvage_job(job_id, error, row)

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        """Load the picture that a job starts from, as its model gets it, or the bundle of its pictures.

        None before it is prepared and once the outcome is delivered.
        """
        with translate_redis_errors(), reject_without_pictures("queue_unavailable"):
            data = await self._pictures.load(self._redis, self._names.prepared_key(job_id))
        return None if data is None else remove_ingredient(data)

    def _build_status(self, reply: StatusReply) -> JobStatus:
        job = _parse_job(reply.job)
        model = self._catalogue.models.get(job.request.model)
        if model is None:
            self._report_unknown_model(job)
        typical_seconds = reply.mean_call_ms / 1000 or (model.typical_seconds if model else DEFAULT_CALL_SECONDS)
        wait_seconds = reply.starts_in_ms / 1000
        if reply.state is QueueState.QUEUED:
            wait_seconds = max(reply.calls_ahead * typical_seconds, wait_seconds)
        return JobStatus(
            job=job,
            state=reply.state,
            position=reply.position,
            estimated_seconds=0.0 if reply.outcome else max(0.0, typical_seconds + wait_seconds),
            state_since=reply.state_since / 1000,
            thread_id=reply.thread_id,
            outcome=OUTCOME_ADAPTER.validate_json(reply.outcome) if reply.outcome else None,
            message_id=reply.message_id,
            claims=reply.claims,
            calls=reply.calls,
            unknown_calls=reply.unknown_calls,
            account=reply.account or DEFAULT_ACCOUNT,
            unknown_accounts=tuple((reply.unknown_accounts or "").split()),
            typical_seconds=typical_seconds,
            is_guild_paused=reply.is_guild_paused,
            is_model_paused=reply.is_model_paused,
            is_model_slowed=reply.is_model_slowed,
            limiting_scope=get_scope_kind(reply.limiting_scope),
            traceparent=reply.traceparent,
            has_worker=reply.swept_ms_ago is not None and reply.swept_ms_ago < WORKER_TIMEOUT_MS,
        )

    def _report_unknown_model(self, job: Job) -> None:
        """Tell the operator once about a model that is only in the catalogue of another bot or release."""
        key = job.request.model
        if key not in self._unknown_models:
            self._unknown_models.add(key)
            log.critical(
                "job %s: it is for the model %s, which this bot does not know: %s lacks it. "
                "Give bot and worker the same CATALOGUE_FILE and release, then start both again",
                job.id,
                key,
                self._catalogue.source,
            )


@lru_cache(JOB_CACHE_SIZE)
def _parse_job(job_json: bytes) -> Job:
    """Parse a job once for all the times that its status is read: a job never changes."""
    return Job.model_validate_json(job_json)


def _get_age_key(job_id: str) -> tuple[int, str]:
    """Sort snowflakes, which may have a suffix, by time: the longer ones are younger."""
    return len(job_id.partition("-")[0]), job_id

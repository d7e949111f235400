"""The ledger of jobs over redis.asyncio: each verb is one atomic script of `shared.queue`."""

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import AuthenticationError, NoScriptError, RedisError, ResponseError

from bot.domain.errors import QueueResultUnknownError
from bot.domain.status import CancelResult, JobStatus, OutcomeEntry, QueueState
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import OUTCOME_ADAPTER, Failed
from shared.problems import Problem, RejectedError, make_problem
from shared.queue.chunks import join_chunks
from shared.queue.keys import (
    CONSUMER_GROUP,
    CONSUMER_NAME,
    DEAD_LETTERS,
    GENERATE,
    KEY_PREFIX,
    OPEN_JOBS,
    OUTCOME_STREAM,
    PREPARE,
    dead_letter_key,
    dead_letter_picture_key,
    job_key,
    leases_key,
    open_jobs_key,
    prepared_key,
    result_key,
    ticket_list_key,
)
from shared.queue.redis_options import COMMAND_RETRIES, CONNECTION_OPTIONS
from shared.queue.scripts import append_script_with_picture, is_oom_error, load_script

log = logging.getLogger(__name__)

OUTCOME_BATCH_SIZE = 32
OUTCOME_BLOCK_SECONDS = 2.0
PENDING_RECHECK_SECONDS = 10.0
DELIVERED_JOB_TTL_SECONDS = 7 * 86400
OPEN_JOBS_PAGE_SIZE = 100
DEFAULT_CALL_SECONDS = 10.0
PURGE_BATCH_SIZE = 200
JOB_CACHE_SIZE = 512
_DELIVERED_STATE = QueueState.DELIVERED.encode()
_WAITING_LIMIT_CODES = {
    "user": "too_many_waiting",
    "channel": "too_many_waiting_channel",
    "guild": "too_many_waiting_guild",
}


def connect_to_redis(url: str) -> Redis:
    """Open a pool on `REDIS_URL`: redis://, rediss:// or unix://. Every command has a deadline and few repeats."""
    return Redis.from_url(
        url, **CONNECTION_OPTIONS, retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries=COMMAND_RETRIES)
    )


class RedisJobQueue:
    """The bot's side of the queue in Redis.

    The limits are of a person (`max_…`), a channel and a guild, 0 for any number: `…_waiting` is how many jobs there
    may be whose end was not told yet, `…_running` how many are at work at once, `per_minute` how many are taken on
    within 60 s. They hold over all bots and workers on one Redis. `memory_share` is the part of Redis's maxmemory (0
    to 1) above which new requests are refused; `image_ttl_seconds` is how long an upload waits to be prepared.
    `ticket` writes what wakes a worker for a lane; where it is empty, none is queued, and the workers' sweep sends one.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        catalogue: Catalogue,
        build_ticket: Callable[[str], str],
        max_waiting: int = 20,
        max_running: int = 2,
        channel_waiting: int = 0,
        channel_running: int = 0,
        guild_waiting: int = 0,
        guild_running: int = 0,
        per_minute: tuple[int, int, int] = (0, 0, 0),
        max_memory_ratio: float = 0.8,
        image_ttl_seconds: int = 86400,
    ) -> None:
        self._redis = redis
        self._catalogue = catalogue
        self._build_ticket = build_ticket
        self._memory_limits = (max_memory_ratio, image_ttl_seconds * 1000)
        waiting, running = (max_waiting, channel_waiting, guild_waiting), (max_running, channel_running, guild_running)
        self._limits = tuple(zip(waiting, running, per_minute, strict=True))
        names = ("accept", "cancel", "mark_delivered", "status")
        self._scripts = {name: redis.register_script(load_script(name)) for name in names}
        self._pending_cursor: str | None = "0"
        self._pending_read_at = 0.0
        self._open_jobs_offset = OPEN_JOBS_PAGE_SIZE
        self._in_flight: set[str] = set()

    async def start(self) -> None:
        """Begin with what was read and never acknowledged. Raises `redis.RedisError`."""
        self._pending_cursor = "0"
        self._in_flight.clear()
        await self._create_consumer_group()

    async def _create_consumer_group(self) -> None:
        """Make the stream and its consumer group where they are missing."""
        try:
            await self._redis.xgroup_create(OUTCOME_STREAM, CONSUMER_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def close(self) -> None:
        """Close the pool."""
        await self._redis.aclose()

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        ticket = self._build_ticket(PREPARE if image else GENERATE)
        facts = (
            job.id,
            job.model_dump_json(),
            job.request.model,
            job.tenant,
            1,
            *self._memory_limits,
            unknown_calls,
            ticket,
        )
        try:
            answer, *more = await self._run_script("accept", *facts, *self._get_limits(job), image=image)
        except RedisError as error:
            if is_oom_error(error):
                raise RejectedError(make_problem("no_room")) from error
            log.warning("job %s: the queue does not answer, or takes nothing", job.id, exc_info=True)
            if isinstance(error, ResponseError | AuthenticationError):
                raise RejectedError(make_problem("queue_unreachable")) from error
            raise QueueResultUnknownError from error
        match answer.decode():
            case "accepted":
                return True
            case "known":
                return False
            case "full":
                raise RejectedError(
                    make_problem(_WAITING_LIMIT_CODES[_parse_scope_kind(more[0])], count=more[1], limit=more[2])
                )
            case "too_often":
                raise RejectedError(
                    make_problem(f"too_often_{_parse_scope_kind(more[0])}", limit=more[1], seconds=-(-more[2] // 1000))
                )
            case "model_off":
                raise RejectedError(Problem.model_validate_json(more[0]))
            case _:
                raise RejectedError(make_problem("no_room"))

    async def set_thread(self, job_id: str, thread_id: int) -> None:
        await self._redis.hset(job_key(job_id), "thread", thread_id)

    async def cancel_job(self, job_id: str, problem: Problem) -> CancelResult:
        with translate_redis_errors():
            answer, *more = await self._run_script("cancel", job_id, Failed(problem=problem).model_dump_json())
        if more and more[1]:
            await self._send_ticket(more[0].decode())
        return CancelResult(answer.decode())

    async def list_open_jobs(self) -> Sequence[str]:
        reading = self._redis.pipeline(transaction=False)
        reading.zrange(OPEN_JOBS, 0, OPEN_JOBS_PAGE_SIZE - 1)
        for lane in (PREPARE, GENERATE):
            reading.zrange(leases_key(lane), 0, -1)
        reading.zrange(OPEN_JOBS, self._open_jobs_offset, self._open_jobs_offset + OPEN_JOBS_PAGE_SIZE - 1)
        reading.zrange(OPEN_JOBS, -OPEN_JOBS_PAGE_SIZE, -1)
        parts = cast("list[list[bytes]]", await reading.execute())
        self._open_jobs_offset = (
            self._open_jobs_offset + OPEN_JOBS_PAGE_SIZE
            if len(parts[-2]) == OPEN_JOBS_PAGE_SIZE
            else OPEN_JOBS_PAGE_SIZE
        )
        return [job_id.decode() for job_id in dict.fromkeys(chain.from_iterable(parts))]

    async def list_tenant_jobs(self, tenant: str) -> Sequence[JobStatus]:
        with translate_redis_errors():
            ids = cast("set[bytes]", await self._redis.smembers(open_jobs_key(tenant)))
            standings = await self.load_statuses([job_id.decode() for job_id in ids])
        return sorted(standings, key=lambda standing: (standing.job.accepted_at, standing.job.id))

    async def count_open_jobs(self, guild_id: int) -> int:
        with translate_redis_errors():
            return await self._redis.scard(open_jobs_key(f"guild-{guild_id}"))

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        if not job_ids:
            return []
        with translate_redis_errors():
            rows = await self._run_script("status", *job_ids)
        return [self._parse_status(*row) for row in rows]

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        if time.monotonic() - self._pending_read_at > PENDING_RECHECK_SECONDS:
            self._pending_cursor = "0"  # what was handed to a bot that hears of it no more is in nobody's hand
        while self._pending_cursor is not None:
            entries = await self._read_stream(self._pending_cursor, block=None)
            self._pending_cursor = entries[-1].entry_id if entries else None
            self._pending_read_at = time.monotonic()
            fresh = [delivery for delivery in entries if delivery.entry_id not in self._in_flight]
            if fresh:
                return self._mark_in_flight(fresh)
        try:
            return self._mark_in_flight(await self._read_stream(">", block=int(OUTCOME_BLOCK_SECONDS * 1000)))
        except RedisError:
            self._pending_cursor = "0"  # an answer that was lost on its way left its entries to us
            raise

    async def load_result_image(self, job_id: str) -> bytes | None:
        return await self._load_chunks(result_key(job_id))

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        with translate_redis_errors():
            return await self._load_chunks(prepared_key(job_id))

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None:
        await self._run_script(
            "mark_delivered",
            entry.job_id,
            CONSUMER_GROUP,
            entry.entry_id,
            message_id or "",
            DELIVERED_JOB_TTL_SECONDS * 1000,
        )
        self._in_flight.discard(entry.entry_id)

    async def purge_jobs(self, job_ids: Collection[str]) -> None:
        with translate_redis_errors():
            for some in _split_into_batches(job_ids, PURGE_BATCH_SIZE):
                reading = self._redis.pipeline(transaction=False)
                for job_id in some:
                    reading.hget(job_key(job_id), "state")
                states = await reading.execute()
                ended = [one for one, state in zip(some, states, strict=True) if state in {None, _DELIVERED_STATE}]
                if ended:
                    names = (job_key, result_key, dead_letter_key, dead_letter_picture_key)
                    await self._redis.delete(*(name(job_id) for job_id in ended for name in names))
                    await self._redis.zrem(DEAD_LETTERS, *ended)

    def _mark_in_flight(self, entries: list[OutcomeEntry]) -> list[OutcomeEntry]:
        self._in_flight.update(delivery.entry_id for delivery in entries)
        return entries

    async def _read_stream(self, after: str, block: int | None) -> list[OutcomeEntry]:
        try:
            answer: Any = await self._redis.xreadgroup(
                CONSUMER_GROUP, CONSUMER_NAME, {OUTCOME_STREAM: after}, count=OUTCOME_BATCH_SIZE, block=block
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._create_consumer_group()
            return []
        streams = answer.values() if isinstance(answer, dict) else (entries for _, entries in answer or [])
        rows = [row for entries in streams for row in _flatten_entries(entries)]
        return [OutcomeEntry(entry.decode(), fields[b"job"].decode()) for entry, fields in rows if fields]

    def _parse_status(self, *row: Any) -> JobStatus:
        _, written, word, since, thread, outcome, told, claims, calls, doubts, place, mean, ahead, least = row
        job, state = _parse_job(written), QueueState(word.decode())
        model = self._catalogue.models.get(job.request.model)
        typical = mean / 1000 or (model.typical_seconds if model else DEFAULT_CALL_SECONDS)
        wait = max(ahead * typical, least / 1000) if state is QueueState.QUEUED else least / 1000
        return JobStatus(
            job=job,
            state=state,
            position=place,
            estimated_seconds=0.0 if outcome else max(0.0, typical + wait),
            state_since=int(since) / 1000,
            thread_id=int(thread) if thread else None,
            outcome=OUTCOME_ADAPTER.validate_json(outcome) if outcome else None,
            message_id=int(told) if told else None,
            claims=int(claims),
            calls=int(calls),
            unknown_calls=int(doubts),
            typical_seconds=typical,
        )

    def _get_limits(self, job: Job) -> list[str | int]:
        """Name the scopes that a job counts in, narrowest first, each with its three limits."""
        names = (job.tenant, f"channel-{job.origin.channel_id}", f"guild-{job.origin.guild_id}")
        return [word for name, limits in zip(names, self._limits, strict=True) for word in (name, *limits)]

    async def _send_ticket(self, stage: str) -> None:
        ticket = self._build_ticket(stage)
        try:
            if ticket:
                await self._redis.lpush(ticket_list_key(stage), ticket)
        except RedisError:
            log.warning("a ticket for %s could not be sent; the sweep will send it", stage, exc_info=True)

    async def _run_script(self, name: str, *arguments: Any, image: bytes | None = None) -> Any:
        """Run a script, with a picture beside it if there is one. Raises `redis.RedisError`."""
        registered = self._scripts[name]
        if not image:
            return await registered(keys=[KEY_PREFIX], args=arguments)
        transaction = self._redis.pipeline()
        append_script_with_picture(transaction, registered.sha, arguments, image)
        try:
            _, answer, _ = await transaction.execute()
        except NoScriptError:
            await self._redis.script_load(registered.script)
            return await self._run_script(name, *arguments, image=image)
        return answer

    async def _load_chunks(self, key: str) -> bytes | None:
        return join_chunks(cast("list[bytes]", await self._redis.lrange(key, 0, -1)))


@contextlib.contextmanager
def translate_redis_errors() -> Iterator[None]:
    """Say in words that the queue does not answer."""
    try:
        yield
    except RedisError as error:
        log.warning("the queue does not answer (%r)", error)
        raise RejectedError(make_problem("queue_away")) from error


@lru_cache(JOB_CACHE_SIZE)
def _parse_job(job_json: bytes) -> Job:
    """Read a job, once for all the times that somebody looks where it stands: a job never changes."""
    return Job.model_validate_json(job_json)


def _parse_scope_kind(scope: bytes) -> str:
    """Whose limit it was: user, channel or guild."""
    return scope.decode().partition("-")[0]


def _flatten_entries(entries: Any) -> list[Any]:
    """Entries as rows: RESP3 nests them once more than RESP2."""
    return entries[0] if entries and isinstance(entries[0], list) else entries


def _split_into_batches(job_ids: Collection[str], count: int) -> Iterator[tuple[str, ...]]:
    """Give the ids in parts of `count`."""
    left = iter(job_ids)
    while part := tuple(islice(left, count)):
        yield part

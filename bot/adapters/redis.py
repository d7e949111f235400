"""The ledger of jobs over redis.asyncio: each verb is one atomic script of `shared.queue`."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError

from bot.ports import Delivery, Standing, State
from shared.catalogue import Catalogue
from shared.errors import Problem, Refused, problem
from shared.job import Job
from shared.outcome import OUTCOME
from shared.queue.names import (
    CONSUMER,
    GENERATE,
    GROUP,
    OPEN_JOBS,
    OUTCOMES,
    PREFIX,
    PREPARE,
    job_key,
    picture_key,
    prepared_key,
)
from shared.queue.scripts import script
from shared.queue.transport import CONNECTION, REPEATS

log = logging.getLogger(__name__)

READ_COUNT = 32
READ_SECONDS = 2.0
LOOK_BACK_SECONDS = 10.0
LEDGER_SECONDS = 7 * 86400


def connect(url: str) -> Redis:
    """Open a pool on `REDIS_URL`: redis://, rediss:// or unix://. Every command has a deadline and few repeats."""
    return Redis.from_url(url, **CONNECTION, retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries=REPEATS))


class RedisQueue:
    """`bot.ports.Accepting`, `Watching` and `Delivering` over Redis.

    `max_waiting` and `max_running` are jobs a person; `channel_waiting` and `guild_waiting` are jobs whose end was not
    told yet, `per_minute` is how many are taken on within 60 s from a person, in a channel and in a guild (0: any
    number). They hold over all bots on one Redis. `memory_share` is the part of Redis's maxmemory (0 to 1) above
    which new requests are refused; `keep_seconds` is how long an uploaded picture may wait to be prepared.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        catalogue: Catalogue,
        send_ticket: Callable[[str], Coroutine[Any, Any, None]],
        max_waiting: int = 20,
        max_running: int = 2,
        channel_waiting: int = 0,
        guild_waiting: int = 0,
        per_minute: tuple[int, int, int] = (0, 0, 0),
        memory_share: float = 0.8,
        keep_seconds: int = 86400,
    ) -> None:
        self._redis = redis
        self._catalogue = catalogue
        self._send_ticket = send_ticket
        self._limits = (max_running, max_waiting, memory_share, keep_seconds * 1000)
        self._scopes = tuple(zip((0, channel_waiting, guild_waiting), per_minute, strict=True))
        self._scripts = {name: redis.register_script(script(name)) for name in ("accept", "deliver", "standing")}
        self._unacknowledged: str | None = "0"
        self._looked_back = 0.0
        self._in_hand: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin with what was read and never acknowledged. Raises `redis.RedisError`."""
        self._unacknowledged = "0"
        self._in_hand.clear()
        await self._make_group()

    async def _make_group(self) -> None:
        """Make the stream and its consumer group where they are missing."""
        try:
            await self._redis.xgroup_create(OUTCOMES, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def close(self) -> None:
        """Let the tickets in hand be sent, then close the pool."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=5)
        await self._redis.aclose()

    async def accept(self, job: Job, source: bytes | None, *, doubts: int = 0) -> bool:
        max_running, max_waiting, share, keep = self._limits
        facts = (job.id, job.model_dump_json(), job.request.model, job.flow, 1, max_running, max_waiting, share, keep)
        try:
            answer, *more = await self._run("accept", *facts, source or b"", doubts, *self._limits_of(job))
        except OutOfMemoryError as error:
            raise Refused(problem("no_room")) from error
        except RedisError as error:
            log.warning("job %s: the queue does not answer", job.id, exc_info=True)
            raise Refused(problem("queue_unreachable")) from error
        match answer.decode():
            case "accepted":
                self._send_soon(PREPARE if source else GENERATE)
                return True
            case "known":
                return False
            case "too_many_waiting":
                raise Refused(problem("too_many_waiting", count=more[0], limit=max_waiting))
            case "full":
                raise Refused(problem(f"too_many_waiting_{_kind(more[0])}", count=more[1], limit=more[2]))
            case "too_often":
                raise Refused(problem(f"too_often_{_kind(more[0])}", limit=more[1], seconds=-(-more[2] // 1000)))
            case "model_off":
                raise Refused(Problem.model_validate_json(more[0]))
            case _:
                raise Refused(problem("no_room"))

    async def opened(self, job_id: str, thread: int) -> None:
        await self._redis.hset(job_key(job_id), "thread", thread)

    async def open_jobs(self) -> Sequence[str]:
        members = cast("list[bytes]", await self._redis.zrange(OPEN_JOBS, 0, -1))
        return [job_id.decode() for job_id in members]

    async def standings(self, job_ids: Collection[str]) -> Sequence[Standing]:
        if not job_ids:
            return []
        return [self._standing(*row) for row in await self._run("standing", *job_ids)]

    async def outcomes(self) -> Sequence[Delivery]:
        if time.monotonic() - self._looked_back > LOOK_BACK_SECONDS:
            self._unacknowledged = "0"  # what was handed to a bot that hears of it no more is in nobody's hand
        while self._unacknowledged is not None:
            entries = await self._read(self._unacknowledged, block=None)
            self._unacknowledged = entries[-1].entry if entries else None
            self._looked_back = time.monotonic()
            fresh = [delivery for delivery in entries if delivery.entry not in self._in_hand]
            if fresh:
                return self._take(fresh)
        try:
            return self._take(await self._read(">", block=int(READ_SECONDS * 1000)))
        except RedisError:
            self._unacknowledged = "0"  # an answer that was lost on its way left its entries to us
            raise

    async def picture(self, job_id: str) -> bytes | None:
        return cast("bytes | None", await self._redis.get(picture_key(job_id)))

    async def prepared(self, job_id: str) -> bytes | None:
        return cast("bytes | None", await self._redis.get(prepared_key(job_id)))

    async def delivered(self, delivery: Delivery, message: int | None) -> None:
        await self._run("deliver", delivery.job_id, GROUP, delivery.entry, message or "", LEDGER_SECONDS * 1000)
        self._in_hand.discard(delivery.entry)

    def _take(self, entries: list[Delivery]) -> list[Delivery]:
        self._in_hand.update(delivery.entry for delivery in entries)
        return entries

    async def _read(self, after: str, block: int | None) -> list[Delivery]:
        try:
            answer: Any = await self._redis.xreadgroup(
                GROUP, CONSUMER, {OUTCOMES: after}, count=READ_COUNT, block=block
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._make_group()
            return []
        streams = answer.values() if isinstance(answer, dict) else (entries for _, entries in answer or [])
        rows = [row for entries in streams for row in _flat(entries)]
        return [Delivery(entry.decode(), fields[b"job"].decode()) for entry, fields in rows if fields]

    def _standing(self, *row: Any) -> Standing:
        _, written, state, since, thread, outcome, place, typical, slots, told, claims, calls, doubts = row
        job = Job.model_validate_json(written)
        model = self._catalogue.models.get(job.request.model)
        seconds = typical / 1000 or (model.typical_seconds if model else 10.0)
        return Standing(
            job=job,
            state=State(state.decode()),
            position=place,
            estimate=seconds * (1 + max(0, place - 1) // max(1, slots)),
            since=int(since) / 1000,
            thread=int(thread) if thread else None,
            outcome=OUTCOME.validate_json(outcome) if outcome else None,
            told=int(told) if told else None,
            claims=int(claims),
            calls=int(calls),
            doubts=int(doubts),
        )

    def _limits_of(self, job: Job) -> list[str | int]:
        """Name the scopes that a job counts in, each with its two limits."""
        names = (job.flow, f"channel-{job.place.channel}", f"guild-{job.place.guild}")
        return [word for name, limits in zip(names, self._scopes, strict=True) for word in (name, *limits)]

    def _send_soon(self, lane: str) -> None:
        task = asyncio.create_task(self._send_ticket(lane))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _run(self, name: str, *arguments: Any) -> Any:
        return await self._scripts[name](keys=[PREFIX], args=list(arguments))


def _kind(scope: bytes) -> str:
    """Whose limit it was: user, channel or guild."""
    return scope.decode().partition("-")[0]


def _flat(entries: Any) -> list[Any]:
    """Entries as rows: RESP3 nests them once more than RESP2."""
    return entries[0] if entries and isinstance(entries[0], list) else entries

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

from bot.ports import Cancelled, Delivery, Standing, State, Unheard
from shared.catalogue import Catalogue
from shared.errors import Problem, Refused, problem
from shared.job import Job
from shared.outcome import OUTCOME, Failed
from shared.queue.names import (
    CONSUMER,
    DEAD_LETTERS,
    GENERATE,
    GROUP,
    OPEN_JOBS,
    OUTCOMES,
    PREFIX,
    PREPARE,
    dead_letter_key,
    dead_picture_key,
    job_key,
    leases_key,
    open_key,
    picture_key,
    prepared_key,
    ticket_list,
)
from shared.queue.pieces import joined
from shared.queue.scripts import is_full, script, stage_with_picture
from shared.queue.transport import CONNECTION, REPEATS

log = logging.getLogger(__name__)

READ_COUNT = 32
READ_SECONDS = 2.0
LOOK_BACK_SECONDS = 10.0
LEDGER_SECONDS = 7 * 86400
LOOK_COUNT = 100
UNKNOWN_SECONDS = 10.0
DROP_COUNT = 200
KNOWN_JOBS = 512
_DELIVERED = State.DELIVERED.encode()
_FULL = {
    "user": "too_many_waiting",
    "channel": "too_many_waiting_channel",
    "guild": "too_many_waiting_guild",
}


def connect(url: str) -> Redis:
    """Open a pool on `REDIS_URL`: redis://, rediss:// or unix://. Every command has a deadline and few repeats."""
    return Redis.from_url(url, **CONNECTION, retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries=REPEATS))


class RedisQueue:
    """`bot.ports.Accepting`, `Cancelling`, `Watching`, `Listing` and `Delivering` over Redis.

    The limits are of a person (`max_…`), a channel and a guild, 0 for any number: `…_waiting` is how many jobs there
    may be whose end was not told yet, `…_running` how many are at work at once, `per_minute` how many are taken on
    within 60 s. They hold over all bots and workers on one Redis. `memory_share` is the part of Redis's maxmemory (0
    to 1) above which new requests are refused; `keep_seconds` is how long an uploaded picture may wait to be prepared.
    `ticket` writes what wakes a worker for a lane; where it is empty, none is queued, and the workers' sweep sends one.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        catalogue: Catalogue,
        ticket: Callable[[str], str],
        max_waiting: int = 20,
        max_running: int = 2,
        channel_waiting: int = 0,
        channel_running: int = 0,
        guild_waiting: int = 0,
        guild_running: int = 0,
        per_minute: tuple[int, int, int] = (0, 0, 0),
        memory_share: float = 0.8,
        keep_seconds: int = 86400,
    ) -> None:
        self._redis = redis
        self._catalogue = catalogue
        self._ticket = ticket
        self._room = (memory_share, keep_seconds * 1000)
        waiting, running = (max_waiting, channel_waiting, guild_waiting), (max_running, channel_running, guild_running)
        self._limits = tuple(zip(waiting, running, per_minute, strict=True))
        names = ("accept", "cancel", "deliver", "standing")
        self._scripts = {name: redis.register_script(script(name)) for name in names}
        self._unacknowledged: str | None = "0"
        self._looked_back = 0.0
        self._looked_at = LOOK_COUNT
        self._in_hand: set[str] = set()

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
        """Close the pool."""
        await self._redis.aclose()

    async def accept(self, job: Job, source: bytes | None, *, doubts: int = 0) -> bool:
        ticket = self._ticket(PREPARE if source else GENERATE)
        facts = (job.id, job.model_dump_json(), job.request.model, job.flow, 1, *self._room, doubts, ticket)
        try:
            answer, *more = await self._run("accept", *facts, *self._limits_of(job), picture=source)
        except RedisError as error:
            if is_full(error):
                raise Refused(problem("no_room")) from error
            log.warning("job %s: the queue does not answer, or takes nothing", job.id, exc_info=True)
            if isinstance(error, ResponseError | AuthenticationError):
                raise Refused(problem("queue_unreachable")) from error
            raise Unheard from error
        match answer.decode():
            case "accepted":
                return True
            case "known":
                return False
            case "full":
                raise Refused(problem(_FULL[_kind(more[0])], count=more[1], limit=more[2]))
            case "too_often":
                raise Refused(problem(f"too_often_{_kind(more[0])}", limit=more[1], seconds=-(-more[2] // 1000)))
            case "model_off":
                raise Refused(Problem.model_validate_json(more[0]))
            case _:
                raise Refused(problem("no_room"))

    async def opened(self, job_id: str, thread: int) -> None:
        await self._redis.hset(job_key(job_id), "thread", thread)

    async def cancel(self, job_id: str, problem: Problem) -> Cancelled:
        with in_words():
            answer, *more = await self._run("cancel", job_id, Failed(problem=problem).model_dump_json())
        if more and more[1]:
            await self._wake(more[0].decode())
        return Cancelled(answer.decode())

    async def open_jobs(self) -> Sequence[str]:
        reading = self._redis.pipeline(transaction=False)
        reading.zrange(OPEN_JOBS, 0, LOOK_COUNT - 1)
        for lane in (PREPARE, GENERATE):
            reading.zrange(leases_key(lane), 0, -1)
        reading.zrange(OPEN_JOBS, self._looked_at, self._looked_at + LOOK_COUNT - 1)
        reading.zrange(OPEN_JOBS, -LOOK_COUNT, -1)
        parts = cast("list[list[bytes]]", await reading.execute())
        self._looked_at = self._looked_at + LOOK_COUNT if len(parts[-2]) == LOOK_COUNT else LOOK_COUNT
        return [job_id.decode() for job_id in dict.fromkeys(chain.from_iterable(parts))]

    async def jobs_of(self, flow: str) -> Sequence[Standing]:
        with in_words():
            ids = cast("set[bytes]", await self._redis.smembers(open_key(flow)))
            standings = await self.standings([job_id.decode() for job_id in ids])
        return sorted(standings, key=lambda standing: (standing.job.accepted_at, standing.job.id))

    async def waiting(self, guild: int) -> int:
        with in_words():
            return await self._redis.scard(open_key(f"guild-{guild}"))

    async def standings(self, job_ids: Collection[str]) -> Sequence[Standing]:
        if not job_ids:
            return []
        with in_words():
            rows = await self._run("standing", *job_ids)
        return [self._standing(*row) for row in rows]

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
        return await self._pieces(picture_key(job_id))

    async def prepared(self, job_id: str) -> bytes | None:
        with in_words():
            return await self._pieces(prepared_key(job_id))

    async def delivered(self, delivery: Delivery, message: int | None) -> None:
        await self._run("deliver", delivery.job_id, GROUP, delivery.entry, message or "", LEDGER_SECONDS * 1000)
        self._in_hand.discard(delivery.entry)

    async def drop(self, job_ids: Collection[str]) -> None:
        with in_words():
            for some in _batched(job_ids, DROP_COUNT):
                reading = self._redis.pipeline(transaction=False)
                for job_id in some:
                    reading.hget(job_key(job_id), "state")
                states = await reading.execute()
                ended = [one for one, state in zip(some, states, strict=True) if state in {None, _DELIVERED}]
                if ended:
                    names = (job_key, picture_key, dead_letter_key, dead_picture_key)
                    await self._redis.delete(*(name(job_id) for job_id in ended for name in names))
                    await self._redis.zrem(DEAD_LETTERS, *ended)

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
        _, written, word, since, thread, outcome, told, claims, calls, doubts, place, mean, ahead, least = row
        job, state = _job(written), State(word.decode())
        model = self._catalogue.models.get(job.request.model)
        typical = mean / 1000 or (model.typical_seconds if model else UNKNOWN_SECONDS)
        wait = max(ahead * typical, least / 1000) if state is State.WAITING else least / 1000
        return Standing(
            job=job,
            state=state,
            position=place,
            estimate=0.0 if outcome else max(0.0, typical + wait),
            since=int(since) / 1000,
            thread=int(thread) if thread else None,
            outcome=OUTCOME.validate_json(outcome) if outcome else None,
            told=int(told) if told else None,
            claims=int(claims),
            calls=int(calls),
            doubts=int(doubts),
            typical=typical,
        )

    def _limits_of(self, job: Job) -> list[str | int]:
        """Name the scopes that a job counts in, narrowest first, each with its three limits."""
        names = (job.flow, f"channel-{job.place.channel}", f"guild-{job.place.guild}")
        return [word for name, limits in zip(names, self._limits, strict=True) for word in (name, *limits)]

    async def _wake(self, lane: str) -> None:
        ticket = self._ticket(lane)
        try:
            if ticket:
                await self._redis.lpush(ticket_list(lane), ticket)
        except RedisError:
            log.warning("a ticket for %s could not be sent; the sweep will send it", lane, exc_info=True)

    async def _run(self, name: str, *arguments: Any, picture: bytes | None = None) -> Any:
        """Run a script, with a picture beside it if there is one. Raises `redis.RedisError`."""
        registered = self._scripts[name]
        if not picture:
            return await registered(keys=[PREFIX], args=arguments)
        transaction = self._redis.pipeline()
        stage_with_picture(transaction, registered.sha, arguments, picture)
        try:
            _, answer, _ = await transaction.execute()
        except NoScriptError:
            await self._redis.script_load(registered.script)
            return await self._run(name, *arguments, picture=picture)
        return answer

    async def _pieces(self, name: str) -> bytes | None:
        return joined(cast("list[bytes]", await self._redis.lrange(name, 0, -1)))


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Say in words that the queue does not answer."""
    try:
        yield
    except RedisError as error:
        log.warning("the queue does not answer (%r)", error)
        raise Refused(problem("queue_away")) from error


@lru_cache(KNOWN_JOBS)
def _job(written: bytes) -> Job:
    """Read a job, once for all the times that somebody looks where it stands: a job never changes."""
    return Job.model_validate_json(written)


def _kind(scope: bytes) -> str:
    """Whose limit it was: user, channel or guild."""
    return scope.decode().partition("-")[0]


def _flat(entries: Any) -> list[Any]:
    """Entries as rows: RESP3 nests them once more than RESP2."""
    return entries[0] if entries and isinstance(entries[0], list) else entries


def _batched(job_ids: Collection[str], count: int) -> Iterator[tuple[str, ...]]:
    """Give the ids in parts of `count`."""
    left = iter(job_ids)
    while part := tuple(islice(left, count)):
        yield part

"""The bot's and the workers' clients of the queue on one Redis, whose connections break where a test says."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import redis

import bot.queue.scripts
import worker.queue.scripts
from bot.domain.errors import QueueResultUnknownError, QueueUnavailableError
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.paused_guilds import RedisPausedGuilds
from bot.recovery.epoch import EpochKeeper
from shared.catalogue import Model, load_catalogue
from shared.problems import RejectedError
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.scripts import list_scripts
from tests.fuzz.queue_faults import (
    ClientKilledError,
    Fault,
    FaultInjector,
    connect_faulty_bot,
    connect_faulty_worker,
)
from tests.fuzz.queue_records import MESSAGE_ID, Counters, Records, UnrestoredDatabase, as_any
from tests.support.catalogues import SDXL_IN_IMAGINE
from worker.accounts import AccountPool
from worker.ports import Claim
from worker.ports import QueueUnavailableError as WorkerQueueUnavailableError
from worker.queue.dead_letters import DeadLetterQueue
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CATALOGUE: Final = load_catalogue(SDXL_IN_IMAGINE)
MODELS: Final[tuple[Model, ...]] = (
    CATALOGUE.models["sd3.5-large"].model_copy(update={"concurrency": 2, "per_minute": None}),
    CATALOGUE.models["sdxl"].model_copy(update={"concurrency": 1, "per_minute": 20}),
)
ACCOUNTS: Final = (("default",), ("111111111111", "222222222222"))
"""Those of each worker."""

LIMITS: Final = Limits(
    user=ScopeLimits(max_open=4, max_running=1, max_per_minute=5),
    batch=ScopeLimits(max_running=1),
    channel=ScopeLimits(max_running=2),
    guild=ScopeLimits(max_open=8, max_running=2),
)
LEASE_SECONDS: Final = 30.0
TICKET: Final = "ticket"

Result = Literal["done", "failed", "killed"]

_SET_CLOCK: Final = """
local time = redis.call('TIME')
redis.call('SET', KEYS[1], ('%.0f'):format(ARGV[1] - time[1] * 1000 - math.floor(time[2] / 1000)))
"""


@dataclass
class HeldClaim:
    """A claim that a worker works on. `is_called`: its call has started."""

    worker: int
    claim: Claim
    is_called: bool = False


class QueueClients:
    """All processes: a bot and two workers. A killed one is started again at once, and knows nothing.

    `now_ms` is the time of the queue's clock, which stands still during an operation.
    """

    def __init__(self, url: str) -> None:
        self.injector = FaultInjector()
        self.redis = redis.Redis.from_url(url)
        self._set_clock = self.redis.register_script(_SET_CLOCK)
        self._loop = asyncio.new_event_loop()
        self._bot_redis = connect_faulty_bot(url, self.injector)
        self._worker_redis = connect_faulty_worker(url, self.injector)
        self.dead_letters = DeadLetterQueue(self._worker_redis)
        self._pause_seconds = worker.queue.scripts.RETRY_SECONDS
        vars(worker.queue.scripts)["RETRY_SECONDS"] = 0.0
        self.reset()

    def reset(self) -> None:
        """Empty Redis, and start every process."""
        self.redis.flushall()
        self._load_scripts()
        self.injector.late_commands.clear()
        self.now_ms = 1_800_000_000_000
        self.records = Records()
        self.held: list[HeldClaim] = []
        self._start_bot()
        self.workers = [self._build_worker(number) for number in range(len(ACCOUNTS))]

    def _load_scripts(self) -> None:
        """Load the scripts that Redis lacks: which command of an operation fails depends on how many it has."""
        texts = [vars(bot.queue.scripts)["load_script"](name) for name in list_scripts()]
        shas = [hashlib.sha1(text.encode()).hexdigest() for text in texts]  # noqa: S324 - how Redis names scripts
        found: Any = self.redis.script_exists(*shas)
        for text, is_loaded in zip(texts, found, strict=True):
            if not is_loaded:
                self.redis.script_load(text)

    def close(self) -> None:
        self._loop.run_until_complete(self._bot_redis.aclose())
        self._loop.close()
        self._worker_redis.close()
        self.redis.close()
        vars(worker.queue.scripts)["RETRY_SECONDS"] = self._pause_seconds

    def set_clock(self) -> None:
        """Let the queue's clock say what it is in this test."""
        self._set_clock(keys=[f"{DEFAULT_KEYS.prefix}clock_offset"], args=[self.now_ms])

    def run_bot(self, operation: Callable[[], Coroutine[Any, Any, Any]], fault: Fault | None) -> tuple[Result, Any]:
        """Run an operation of the bot with a fault. A rejection is a result, as the bot has heard it from Redis."""
        self.set_clock()
        with self.injector.arm(fault):
            try:
                return "done", self._loop.run_until_complete(operation())
            except (QueueUnavailableError, QueueResultUnknownError):
                return "failed", None
            except RejectedError as error:
                unknown = error.problems[0].code == "queue_unavailable"
                return ("failed", None) if unknown else ("done", error)
            except ClientKilledError:
                self._start_bot()
                return "killed", None

    def run_worker(self, number: int, operation: Callable[[], Any], fault: Fault | None) -> tuple[Result, Any]:
        """Run an operation of a worker with a fault."""
        self.set_clock()
        with self.injector.arm(fault):
            try:
                return "done", operation()
            except WorkerQueueUnavailableError:
                return "failed", None
            except ClientKilledError:
                self.kill_worker(number)
                return "killed", None

    def kill_worker(self, number: int) -> None:
        """Kill a worker, with all that it works on, and start another one."""
        self.held = [held for held in self.held if held.worker != number]
        self.workers[number] = self._build_worker(number)

    async def deliver(self) -> None:
        """Post all outcomes in the stream as `bot.delivery` does: load, post, record, acknowledge."""
        self.outcomes.restart()
        entries = await self.outcomes.read_outcomes()
        for entry in entries:
            self.outcomes.release_outcome(entry)
        for entry in entries:
            [status] = await self.outcomes.load_statuses([entry.job_id])
            assert status.outcome is not None
            if status.outcome.kind == "generated":
                has_picture = await self.outcomes.load_result_image(entry.job_id) is not None
                assert has_picture or self.records.by_id[entry.job_id].outcome, "the picture of a result is lost"
            self.records.post(entry.job_id, status.outcome.kind)
            await self.outcomes.acknowledge_outcome(entry, MESSAGE_ID)

    async def recover(self) -> None:
        """Compare the queue with the database, as the leading bot does, and queue again what Redis has lost."""
        await self.keeper.run_once()
        await self.update_paused_guilds()
        records = self.records.list_open()
        statuses = {status.job.id: status for status in await self.bot.load_statuses([r.job.id for r in records])}
        for record in records:
            job_id = record.job.id
            if status := statuses.get(job_id):
                record.entries[-1].raise_to(status.claims, status.calls, status.unknown_calls)
                record.is_promised = True
                record.is_open = status.state != "delivered"
            elif record.outcome:
                record.is_open = False
            elif record.is_requeued or record.entries[-1].unknown_calls:
                self.records.post(job_id, "failed")
            else:
                record.entries.append(Counters())
                try:
                    await self.bot.enqueue_job(record.job, record.picture, unknown_calls=1)
                    record.is_promised = True
                except QueueResultUnknownError:
                    record.entries.pop()
                except RejectedError:
                    self.records.post(job_id, "failed")

    async def update_paused_guilds(self) -> None:
        await self.paused_guilds.set_guilds(sorted(self.records.paused_guilds))

    def _start_bot(self) -> None:
        client = self._bot_redis
        self.bot = BotJobQueue(client, catalogue=CATALOGUE, build_ticket=lambda _: TICKET, limits=LIMITS)
        self.outcomes = RedisOutcomeStream(client, CATALOGUE)
        self.paused_guilds = RedisPausedGuilds(client)
        self.keeper = EpochKeeper(
            RedisQueueEpoch(client),
            self.bot,
            as_any(self.records),
            self.update_paused_guilds,
            _do_nothing,
            as_any(UnrestoredDatabase()),
        )

    def _build_worker(self, number: int) -> WorkerJobQueue:
        return WorkerJobQueue(
            self._worker_redis, self._send_ticket, lease_seconds=LEASE_SECONDS, accounts=AccountPool(ACCOUNTS[number])
        )

    def _send_ticket(self, stage: str) -> None:
        with contextlib.suppress(redis.RedisError):
            self._worker_redis.lpush(DEFAULT_KEYS.ticket_list_key(stage), TICKET)


async def _do_nothing() -> None:
    """Stand for the reconciler, which `QueueClients.recover` is."""


@contextlib.contextmanager
def open_clients(url: str) -> Iterator[QueueClients]:
    clients = QueueClients(url)
    try:
        yield clients
    finally:
        clients.close()

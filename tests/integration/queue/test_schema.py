"""Whatever the bot and the worker store in Redis is described by the schema: type, fields and expiry."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.domain.draft import Draft
from bot.domain.search import SearchQuery
from bot.queue.celery_tickets import CeleryTicketWriter
from bot.queue.connection import QueueRedis
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.delivery_partitions import DeliveryPartitions
from bot.queue.drafts import RedisDraftStore
from bot.queue.followups import RedisFollowupStore
from bot.queue.identify_gate import RedisIdentifyGate
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.leader_lock import LeaderLock
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.paused_guilds import RedisPausedGuilds
from bot.queue.saved_searches import RedisSavedSearchStore
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue
from shared.job import Priority
from shared.otel_tracer import OtelTracer
from shared.problems import make_problem
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.schema import REDIS_KEYS, RedisKey
from shared.queue.stages import Stage
from tests.support.redis_cluster import run_cluster
from tests.support.redis_queue import (
    GENERATED,
    LEASE_SECONDS,
    claim_job,
    confirm_epoch,
    make_job,
    wait_for_lease_expiry,
)
from worker.accounts import AccountPool
from worker.queue.celery_transport import TicketClient
from worker.queue.connection import QueueRedis as WorkerRedis
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.stored_format import check_redis_format

PLACEHOLDERS = {"stage": "prepare|generate", "scope": r"(?:user|batch|channel|guild)-\d+", "job": r"\d+"}
ACCOUNT = "123456789012"
OPEN_FIELDS = {"bots", "claim_tokens:{stage}", "delivery_partitions", "saved_searches:{user}"}
"""Hashes whose fields are ids."""


def find_key(name: str) -> RedisKey:
    """Find the one kind of key in the schema that describes a name."""
    found = []
    for key in REDIS_KEYS:
        pattern = re.sub(
            r"\\{(\w+)\\}", lambda match: f"(?:{PLACEHOLDERS.get(match[1], '[^:]+')})", re.escape(key.pattern)
        )
        if re.fullmatch(pattern, name):
            found.append(key)
    # The name of a scope is also a possible name of a model.
    return (
        min(found, key=lambda key: "{scope}" not in key.pattern) if found else pytest.fail(f"{name} is not described")
    )


def read_fields(client: redis.Redis, name: str, key: RedisKey) -> set[str]:
    if key.type == "hash" and key.pattern not in OPEN_FIELDS:
        hash_fields: Any = client.hkeys(name)
        return {field.decode() for field in hash_fields}
    if key.type == "stream":
        entries: Any = client.xrange(name)
        return {field.decode() for _, fields in entries for field in fields}
    return set()


class KeyRecorder:
    """Checks the keys in Redis against the schema, and records what it has seen."""

    def __init__(self, client: WorkerRedis) -> None:
        self.client = client
        self.seen_patterns: set[str] = set()
        self.seen_fields: dict[str, set[str]] = {}

    def record(self) -> None:
        for raw_name in self.client.scan_iter(f"{self.client.names.prefix}*"):
            name = raw_name.decode().removeprefix(self.client.names.prefix)
            if name.startswith("celery:_kombu"):
                continue
            key = find_key(name)
            assert self.client.type(raw_name) == key.type.encode(), name
            fields = read_fields(self.client, raw_name, key)
            assert fields <= set(key.fields), name
            if key.pattern == "job:{job}":
                is_delivered = self.client.hget(raw_name, "state") == b"delivered"
                assert (self.client.pttl(raw_name) > 0) == is_delivered, name
            else:
                assert (self.client.pttl(raw_name) > 0) == (key.ttl is not None), name
            self.seen_patterns.add(key.pattern)
            self.seen_fields.setdefault(key.pattern, set()).update(fields)


@pytest.fixture(params=["one server", "a cluster"])
def connection(request: pytest.FixtureRequest) -> Iterator[tuple[str, KeyNames]]:
    """An address and a prefix: of one server, or of a cluster, of which it names the node without the keys."""
    if request.param == "one server":
        yield request.getfixturevalue("redis_url"), DEFAULT_KEYS
        return
    names = KeyNames("{pentimento}:")
    with run_cluster("pentimento") as cluster, connect_worker(cluster.other.url, names) as client:
        confirm_epoch(client, names=names)
        yield cluster.other.url, names
        with redis.Redis(port=cluster.owner.port) as owner, redis.Redis(port=cluster.other.port) as other:
            size: Any = owner.dbsize()
            assert owner.execute_command("CLUSTER COUNTKEYSINSLOT", cluster.slot) == size > 0
            assert other.dbsize() == 0


@pytest.fixture
async def bot_queue(connection: tuple[str, KeyNames], catalogue: Catalogue) -> AsyncIterator[BotJobQueue]:
    limits = ScopeLimits(max_open=50, max_running=1, max_per_minute=50)
    tracer = OtelTracer("pentimento-bot", InMemorySpanExporter())
    queue = BotJobQueue(
        connect_bot(*connection),
        catalogue=catalogue,
        build_ticket=CeleryTicketWriter().write_ticket,
        limits=Limits(user=limits, guild=limits),
        tracer=tracer,
    )
    yield queue
    await queue.close()
    tracer.shutdown()


@pytest.fixture
async def outcomes(connection: tuple[str, KeyNames], catalogue: Catalogue) -> AsyncIterator[RedisOutcomeStream]:
    stream = RedisOutcomeStream(connect_bot(*connection), catalogue)
    yield stream
    await stream.close()


@pytest.fixture
def client(connection: tuple[str, KeyNames]) -> Iterator[WorkerRedis]:
    with connect_worker(*connection) as client:
        yield client


@pytest.fixture
def worker_queue(client: WorkerRedis) -> WorkerJobQueue:
    return WorkerJobQueue(client, lambda _: None, lease_seconds=LEASE_SECONDS)


def set_ticket_aside(client: WorkerRedis) -> None:
    tickets = TicketClient(connection_pool=client.connection_pool, names=client.names)
    tickets.last_ticket = "generate", b"garbage"
    tickets.set_last_ticket_aside("it is not JSON")


async def save_plan_and_search(client: QueueRedis) -> None:
    drafts = RedisDraftStore(client, limits=Limits(guild=ScopeLimits(max_per_minute=50)))
    await drafts.save_plan("17", Draft(user_id=1, images=()), channel_id=2, guild_id=1)
    await RedisSavedSearchStore(client).save_search("17", SearchQuery(1))


async def pause_and_resume(client: QueueRedis, recorder: KeyRecorder) -> None:
    recorder.record()
    paused_guilds = RedisPausedGuilds(client)
    await paused_guilds.set_guilds([4])
    recorder.record()
    await paused_guilds.set_guilds([])


async def run_low_batch(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, recorder: KeyRecorder) -> None:
    """Run two items of a batch of low priority, one after the other, as their guild may run one job at a time."""
    for number in (6, 7):
        item = make_job(number, user=6, guild=6, has_picture=True, batch="60", priority=Priority.LOW)
        await bot_queue.enqueue_job(item, b"upload")
    recorder.record()
    for _ in range(2):
        claim = claim_job(worker_queue, Stage.PREPARE)
        worker_queue.promote(claim, b"prepared")
    for _ in range(2):
        claim = claim_job(worker_queue)
        assert worker_queue.claim(Stage.GENERATE) is None
        recorder.record()
        worker_queue.finish(claim, GENERATED, b"picture")


async def run_bot_for_a_moment(client: QueueRedis) -> None:
    """Let a bot lead, have partitions, and identify a shard."""
    runs = (LeaderLock(client, "bot-1").run, DeliveryPartitions(client, "bot-1").run)
    running = [asyncio.create_task(run()) for run in runs]
    await RedisIdentifyGate(client).wait_for_turn(0)
    await RedisFollowupStore(client, lambda: True).save_token(["1"], "secret", 840)
    await asyncio.sleep(LEASE_SECONDS)
    for task in running:
        task.cancel()


async def call_in_other_account(bot_queue: BotJobQueue, catalogue: Catalogue, recorder: KeyRecorder) -> None:
    """One call without a response, two throttled ones and a pause in an account besides the default one."""
    worker_queue = WorkerJobQueue(recorder.client, lambda _: None, accounts=AccountPool((ACCOUNT,)))
    worker_queue.sweep([catalogue.models["sdxl"]])
    await bot_queue.enqueue_job(make_job(90, user=90, guild=90, model="sdxl"), None)
    claim = claim_job(worker_queue)
    worker_queue.release(claim, delay_seconds=0, is_unknown_call=True, is_throttled=True)
    for _ in range(3):
        worker_queue.record_failed_call(claim, pause_seconds=0.01)
    await asyncio.sleep(0.6)
    claim = claim_job(worker_queue)
    recorder.record()
    worker_queue.finish(claim, GENERATED, b"picture")
    worker_queue.disable_model("sdxl", ACCOUNT, make_problem("model_gone", model="SDXL"))
    recorder.record()
    recorder.client.delete(recorder.client.names.accounts, recorder.client.names.disabled_model_key("sdxl"))


async def test_every_key_is_stored_as_the_schema_describes_it(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    catalogue: Catalogue,
    client: WorkerRedis,
) -> None:
    """Takes jobs through all that can happen to them, and looks at Redis after each step."""
    recorder = KeyRecorder(client)
    check_redis_format(client)
    await call_in_other_account(bot_queue, catalogue, recorder)
    await run_low_batch(bot_queue, worker_queue, recorder)
    for number in (1, 2, 3):
        await bot_queue.enqueue_job(make_job(number, user=1, has_picture=True), b"upload")
    await bot_queue.enqueue_job(make_job(4, user=4, guild=4, model="sdxl"), None)
    await bot_queue.set_thread("1", 77)
    worker_queue.sweep(catalogue)
    await pause_and_resume(bot_queue._redis, recorder)

    # Job 1 is prepared, throttled, delayed, generated and delivered.
    claim = claim_job(worker_queue, Stage.PREPARE)
    assert worker_queue.claim(Stage.PREPARE) is None
    recorder.record()
    worker_queue.promote(claim, b"prepared")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")
    while (claim := claim_job(worker_queue)).job.id != "1":
        worker_queue.finish(claim, GENERATED, b"picture")
    worker_queue.start_call(claim)
    worker_queue.release(claim, delay_seconds=0.01, is_unknown_call=False, is_throttled=True)
    recorder.record()
    await asyncio.sleep(0.6)
    worker_queue.sweep(catalogue)
    claim = claim_job(worker_queue)
    recorder.record()
    for _ in range(3):
        worker_queue.record_failed_call(claim, pause_seconds=0.01)
    recorder.record()
    await bot_queue.enqueue_job(make_job(5, user=5, guild=5), None)
    worker_queue.return_claim(claim)
    worker_queue.renew_leases()
    await asyncio.sleep(0.6)
    claim = claim_job(worker_queue)
    recorder.record()
    worker_queue.finish(claim, GENERATED, b"picture")
    recorder.record()
    for entry in await outcomes.read_outcomes():
        await outcomes.acknowledge_outcome(entry, 99)

    # Job 3 dies in the prepare stage; its model is disabled; Redis's clock is set back.
    for _ in range(2):
        assert claim_job(worker_queue, Stage.PREPARE).job.id == "3"
        await wait_for_lease_expiry(worker_queue, catalogue)
    worker_queue.disable_model("sd3.5-large", DEFAULT_ACCOUNT, make_problem("model_gone", model="SD 3.5 Large"))
    client.hincrby(f"{client.names.prefix}sweep", "last_at", 1_000_000)
    worker_queue.sweep(catalogue)

    await save_plan_and_search(bot_queue._redis)
    set_ticket_aside(client)
    await run_bot_for_a_moment(bot_queue._redis)
    recorder.record()

    described = {key.pattern for key in REDIS_KEYS}
    assert described - recorder.seen_patterns == {"incoming_picture"}
    assert {
        key.pattern: set(key.fields) - recorder.seen_fields[key.pattern]
        for key in REDIS_KEYS
        if key.fields and set(key.fields) != recorder.seen_fields[key.pattern]
    } == {}
    assert client.exists(client.names.open_jobs)

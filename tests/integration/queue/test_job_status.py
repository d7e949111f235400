"""The status of a job: its state, its position, and when its result is expected."""

import asyncio
from dataclasses import replace

import pytest
import redis

from bot.domain.status import CancelResult, JobStatus, QueueState
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.status import WORKER_TIMEOUT_MS
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue, Model
from shared.job import Priority, TeamRef
from shared.problems import RejectedError, make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job, open_bot_queue, send_no_ticket
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CALL_SECONDS = 8.0
SWEEP_KEY = DEFAULT_KEYS.prefix + "sweep"


@pytest.fixture
def model(catalogue: Catalogue) -> Model:
    """A model whose calls usually take 8 s; two may run at once."""
    return catalogue.models["sd3.5-large"].model_copy(update={"concurrency": 2})


async def load_status(queue: BotJobQueue, number: int) -> JobStatus:
    [status] = await queue.load_statuses([str(number)])
    return status


async def load_estimates(queue: BotJobQueue, *numbers: int) -> list[float]:
    return [(await load_status(queue, number)).estimated_seconds for number in numbers]


async def test_the_position_counts_the_jobs_that_go_first(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue) -> None:
    await bot_queue.enqueue_job(make_job(1, user=1), None)
    await bot_queue.enqueue_job(make_job(2, user=1), None)
    await bot_queue.enqueue_job(make_job(3, user=2), None)

    positions = {status.job.id: status.position for status in await bot_queue.load_statuses(["1", "2", "3", "404"])}
    assert positions["2"] == 3
    assert set(positions) == {"1", "2", "3"}

    claim_job(worker_queue)
    claim_job(worker_queue)
    last = await load_status(bot_queue, 2)
    assert last.position == 1
    assert last.state is QueueState.QUEUED


async def test_the_jobs_of_a_user_share_the_slots_of_that_user(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep(catalogue)
    for number in range(1, 6):
        await bot_queue.enqueue_job(make_job(number), None)

    assert await load_estimates(bot_queue, 1, 2, 3, 4, 5) == [8, 8, 16, 16, 24]
    claim_job(worker_queue)
    claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    assert await load_estimates(bot_queue, 3, 4, 5) == [16, 16, 24]


async def test_running_and_earlier_jobs_use_up_the_concurrency_of_a_model(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, model: Model
) -> None:
    worker_queue.sweep([model])
    for user in range(1, 8):
        await bot_queue.enqueue_job(make_job(user, user), None)

    assert await load_estimates(bot_queue, *range(1, 8)) == [8, 8, 16, 16, 24, 24, 32]
    claim_job(worker_queue)
    claim_job(worker_queue)
    assert await load_estimates(bot_queue, *range(3, 8)) == [16, 16, 24, 24, 32]
    assert [(await load_status(bot_queue, number)).position for number in (2, 3, 7)] == [0, 1, 5]


async def test_each_model_has_a_queue_of_its_own(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, model: Model
) -> None:
    worker_queue.sweep([model])
    for user in range(1, 6):
        await bot_queue.enqueue_job(make_job(user, user), None)
    await bot_queue.enqueue_job(make_job(6, 6, model="stable-image-core"), None)

    status = await load_status(bot_queue, 6)

    assert (status.position, status.estimated_seconds) == (1, 4)


async def test_the_pace_of_a_model_delays_its_calls(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, model: Model
) -> None:
    worker_queue.sweep([model.model_copy(update={"per_minute": 2, "concurrency": 8})])
    for user in range(1, 5):
        await bot_queue.enqueue_job(make_job(user, user), None)

    assert await load_estimates(bot_queue, 1, 2, 3) == [CALL_SECONDS, CALL_SECONDS + 30, CALL_SECONDS + 60]
    claim_job(worker_queue)
    assert await load_estimates(bot_queue, 2, 3) == [
        pytest.approx(CALL_SECONDS + 30, abs=5),
        pytest.approx(CALL_SECONDS + 60, abs=5),
    ]


async def test_a_job_that_was_released_with_a_delay_keeps_its_position(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.release(claim_job(worker_queue), delay_seconds=60, is_unknown_call=False, is_throttled=False)

    status = await load_status(bot_queue, 1)

    assert (status.state, status.position) == (QueueState.QUEUED, 1)
    assert status.estimated_seconds == pytest.approx(CALL_SECONDS + 60, abs=5)


async def test_a_call_is_expected_to_take_as_long_as_the_latest_ones(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    assert (await load_status(bot_queue, 1)).typical_seconds == CALL_SECONDS
    for number, seconds in enumerate((100, 200), start=2):
        await bot_queue.enqueue_job(make_job(number, number), None)
        worker_queue.finish(claim_job(worker_queue), GENERATED.model_copy(update={"duration_seconds": seconds}), b"p")

    running = claim_job(worker_queue)
    with connect_worker(redis_url) as client:
        for elapsed, remaining in ((60, 90), (600, 0)):
            client.hincrby(DEFAULT_KEYS.job_key(running.job.id), "state_since", -1000 * elapsed)
            status = await load_status(bot_queue, int(running.job.id))
            assert status.typical_seconds == 150
            assert status.estimated_seconds == pytest.approx(remaining, abs=5)


async def test_a_job_waits_for_a_slot_of_its_channel(redis_url: str, catalogue: Catalogue) -> None:
    async with open_bot_queue(redis_url, catalogue, channel=ScopeLimits(max_running=1)) as queue:
        for user in (1, 2, 3):
            await queue.enqueue_job(make_job(user, user), None)
        await queue.enqueue_job(make_job(4, 4, channel=9), None)
        with connect_worker(redis_url) as client:
            WorkerJobQueue(client, lambda _: None).sweep(catalogue)

        assert await load_estimates(queue, 1, 2, 3, 4) == [8, 16, 24, 8]


async def test_the_open_jobs_of_a_user_are_listed_and_those_of_a_guild_counted(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, has_picture=True), b"upload")
    await bot_queue.enqueue_job(make_job(3, user=2), None)
    await bot_queue.enqueue_job(make_job(4, guild=2), None)
    worker_queue.finish(claim_job(worker_queue), GENERATED, b"p")

    statuses, _ = await bot_queue.list_tenant_jobs("user-1")
    assert [status.job.id for status in statuses] == ["1", "2", "4"]
    assert [await bot_queue.count_open_jobs(guild) for guild in (1, 2, 3)] == [3, 1, 0]
    [entry] = await outcomes.read_outcomes()
    await outcomes.acknowledge_outcome(entry, 99)
    statuses, _ = await bot_queue.list_tenant_jobs("user-1")
    assert [status.job.id for status in statuses] == ["2", "4"]
    assert await bot_queue.count_open_jobs(1) == 2


async def test_a_delivered_job_keeps_how_it_ended_and_not_its_place_in_the_queue(
    client: redis.Redis,
    redis_url: str,
    catalogue: Catalogue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
) -> None:
    confirm_epoch(client)
    key = DEFAULT_KEYS.job_key("1")
    scope = ScopeLimits(max_open=9, max_running=2)
    async with open_bot_queue(redis_url, catalogue, user=scope, channel=scope, guild=scope) as queue:
        job = make_job(1, has_picture=True, team=TeamRef(id=5, name="Art", weight=2), priority=Priority.LOW)
        await queue.enqueue_job(job, b"upload")
        await queue.set_thread("1", 77)
        assert worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")
        claim = claim_job(worker_queue)
        worker_queue.start_call(claim)
        worker_queue.finish(claim, GENERATED, b"picture")
        [entry] = await outcomes.read_outcomes()
        before, size = await load_status(queue, 1), client.memory_usage(key, samples=0) or 0

        await outcomes.acknowledge_outcome(entry, 99)
        delivered_size = client.memory_usage(key, samples=0) or size
        await outcomes.acknowledge_outcome(entry, 99)

        kept = {name.decode() for name in client.hgetall(key) if isinstance(name, bytes)}
        counts = {"claims", "calls", "unknown_calls", "account"}
        assert kept == {"job", "model", "stage", "state", "state_since", "outcome", "thread_id", "message_id", *counts}
        after = await load_status(queue, 1)
        assert after == replace(before, state=QueueState.DELIVERED, state_since=after.state_since, message_id=99)
        assert after.job == job
        assert delivered_size <= 0.8 * size
        assert not await queue.enqueue_job(job, b"upload"), "the same interaction is the same job"
        assert await queue.cancel_job("1", make_problem("cancelled")) is CancelResult.TOO_LATE
    assert list(client.scan_iter(f"{DEFAULT_KEYS.prefix}open*")) == []


async def test_of_many_open_jobs_every_look_lists_the_ends_and_the_claimed_ones_and_a_page_of_the_others(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.queue.status.OPEN_JOBS_PAGE_SIZE", 2)
    bot_queue._next_page_start = 2
    for number in range(10, 30):
        model = "sdxl" if number == 20 else "sd3.5-large"
        await bot_queue.enqueue_job(make_job(number, user=number, model=model), None)
    worker_queue.disable_model("sd3.5-large", DEFAULT_ACCOUNT, make_problem("model_gone", model="SD 3.5 Large"))
    claimed = claim_job(worker_queue).job.id

    looks = [await bot_queue.list_open_jobs() for _ in range(10)]

    assert claimed == "20"
    assert all({"10", "11", "20", "28", "29"} <= set(look) for look in looks)
    assert max(len(look) for look in looks) == 7
    assert {job_id for look in looks for job_id in look} == {str(number) for number in range(10, 30)}


async def test_an_unreachable_redis_is_reported_to_the_user(catalogue: Catalogue) -> None:
    queue = BotJobQueue(connect_bot("redis://127.0.0.1:1/0"), catalogue=catalogue, build_ticket=send_no_ticket)

    calls = (
        queue.list_tenant_jobs("user-1"),
        queue.count_open_jobs(1),
        queue.load_statuses(["1"]),
        queue.load_prepared_image("1"),
    )
    for error in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(error, RejectedError)
        assert error.problems == (make_problem("queue_unavailable"),)
    await queue.close()


async def test_a_worker_is_alive_for_some_seconds_after_each_sweep(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    before = await load_status(bot_queue, 1)
    worker_queue.sweep(catalogue)
    after = await load_status(bot_queue, 1)
    with connect_worker(redis_url) as client:
        client.hincrby(SWEEP_KEY, "last_at", -WORKER_TIMEOUT_MS)
    later = await load_status(bot_queue, 1)

    assert [status.has_worker for status in (before, after, later)] == [False, True, False]
    assert [status.waits_without_worker for status in (before, after, later)] == [True, False, True]


async def test_a_model_that_only_another_catalogue_has_is_reported_once(
    bot_queue: BotJobQueue, redis_url: str, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    models = {key: model for key, model in catalogue.models.items() if key != "sd3.5-large"}
    reader = RedisOutcomeStream(connect_bot(redis_url), catalogue.model_copy(update={"models": models}))
    for _ in range(3):
        await reader.load_statuses(["1"])
    await reader.close()

    [record] = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert "the model sd3.5-large, which this bot does not know: shared/catalogue.toml lacks it" in record.getMessage()

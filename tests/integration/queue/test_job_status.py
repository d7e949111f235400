"""Where a job stands and how long it will take, by what is before it, runs, and may run."""

import asyncio

import pytest

from bot.domain.status import JobStatus, QueueState
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue, Model
from shared.problems import RejectedError, make_problem
from shared.queue.keys import job_key
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, RecordedTickets, claim_job, make_job
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CALL_SECONDS = 8.0


@pytest.fixture
def model(catalogue: Catalogue) -> Model:
    """A model whose calls take 8 s as far as anybody knows; two may run at once."""
    return catalogue.models["sd3.5-large"].model_copy(update={"concurrency": 2})


async def load_status(queue: BotJobQueue, number: int) -> JobStatus:
    [found] = await queue.load_statuses([str(number)])
    return found


async def load_estimates(queue: BotJobQueue, *numbers: int) -> list[float]:
    return [(await load_status(queue, number)).estimated_seconds for number in numbers]


async def test_ones_own_jobs_share_ones_own_slots(
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


async def test_what_runs_and_who_comes_before_hold_a_models_places(
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


async def test_one_models_line_is_not_anothers(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, model: Model
) -> None:
    worker_queue.sweep([model])
    for user in range(1, 6):
        await bot_queue.enqueue_job(make_job(user, user), None)
    await bot_queue.enqueue_job(make_job(6, 6, model="stable-image-core"), None)

    found = await load_status(bot_queue, 6)

    assert (found.position, found.estimated_seconds) == (1, 4)


async def test_calls_start_no_closer_together_than_the_pace_says(
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


async def test_one_that_is_to_wait_until_it_is_tried_again_waits_at_its_place(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.release(claim_job(worker_queue), delay_seconds=60, is_unknown_call=False, is_throttled=False)

    found = await load_status(bot_queue, 1)

    assert (found.state, found.position) == (QueueState.QUEUED, 1)
    assert found.estimated_seconds == pytest.approx(CALL_SECONDS + 60, abs=5)


async def test_a_call_takes_as_long_as_calls_took_lately_and_one_that_runs_what_is_left_of_it(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    assert (await load_status(bot_queue, 1)).typical_seconds == CALL_SECONDS
    for number, seconds in enumerate((100, 200), start=2):
        await bot_queue.enqueue_job(make_job(number, number), None)
        worker_queue.finish(claim_job(worker_queue), GENERATED.model_copy(update={"duration_seconds": seconds}), b"p")

    running = claim_job(worker_queue)
    with connect_worker(redis_url) as client:
        for passed, left in ((60, 90), (600, 0)):
            client.hincrby(job_key(running.job.id), "state_since", -1000 * passed)
            found = await load_status(bot_queue, int(running.job.id))
            assert found.typical_seconds == 150
            assert found.estimated_seconds == pytest.approx(left, abs=5)


async def test_a_full_channel_is_waited_for(redis_url: str, catalogue: Catalogue, tickets: RecordedTickets) -> None:
    queue = BotJobQueue(
        connect_bot(redis_url),
        catalogue=catalogue,
        build_ticket=tickets.send_from_bot,
        limits=Limits(channel=ScopeLimits(max_running=1)),
    )
    for user in (1, 2, 3):
        await queue.enqueue_job(make_job(user, user), None)
    await queue.enqueue_job(make_job(4, 4, channel=9), None)
    with connect_worker(redis_url) as client:
        WorkerJobQueue(client, tickets.send_from_worker).sweep(catalogue)

    assert await load_estimates(queue, 1, 2, 3, 4) == [8, 16, 24, 8]
    await queue.close()


async def test_a_person_sees_all_their_open_jobs_and_a_guild_how_many_it_has(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, has_picture=True), b"upload")
    await bot_queue.enqueue_job(make_job(3, user=2), None)
    await bot_queue.enqueue_job(make_job(4, guild=2), None)
    worker_queue.finish(claim_job(worker_queue), GENERATED, b"p")

    assert [s.job.id for s in await bot_queue.list_tenant_jobs("user-1")] == ["1", "2", "4"]
    assert [await bot_queue.count_open_jobs(guild) for guild in (1, 2, 3)] == [3, 1, 0]
    [delivery] = await outcomes.read_outcomes()
    await outcomes.acknowledge_outcome(delivery, 99)
    assert [s.job.id for s in await bot_queue.list_tenant_jobs("user-1")] == ["2", "4"]
    assert await bot_queue.count_open_jobs(1) == 2


async def test_of_many_open_jobs_those_at_work_are_seen_always_and_the_others_in_turn(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.queue.status.OPEN_JOBS_PAGE_SIZE", 2)
    bot_queue._next_page_start = 2
    for number in range(10, 30):
        await bot_queue.enqueue_job(
            make_job(number, user=number, model="sdxl" if number == 20 else "sd3.5-large"), None
        )
    worker_queue.disable_model("sd3.5-large", make_problem("model_gone", model="SD 3.5 Large"))
    at_work = claim_job(worker_queue).job.id

    looks = [await bot_queue.list_open_jobs() for _ in range(10)]

    assert at_work == "20"
    assert all({"10", "11", "20", "28", "29"} <= set(seen) for seen in looks)
    assert max(len(seen) for seen in looks) == 7
    assert {job_id for seen in looks for job_id in seen} == {str(number) for number in range(10, 30)}


async def test_a_queue_that_is_away_is_said_in_words(catalogue: Catalogue, tickets: RecordedTickets) -> None:
    away = BotJobQueue(connect_bot("redis://127.0.0.1:1/0"), catalogue=catalogue, build_ticket=tickets.send_from_bot)

    asked = (
        away.list_tenant_jobs("user-1"),
        away.count_open_jobs(1),
        away.load_statuses(["1"]),
        away.load_prepared_image("1"),
    )
    for refused in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(refused, RejectedError)
        assert refused.problems == (make_problem("queue_away"),)
    await away.close()

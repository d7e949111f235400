"""Where a job stands and how long it will take, by what is before it, runs, and may run."""

import asyncio

import pytest

import bot.adapters.redis as bot_side
import worker.adapters.redis as worker_side
from bot.ports import Standing, State
from shared.catalogue import Catalogue, Model
from shared.errors import Refused, problem
from shared.queue.names import job_key
from tests.contracts.halves import MADE, Tickets, claimed, job
from worker.ports import Lane

EIGHT = 8.0


@pytest.fixture
def model(catalogue: Catalogue) -> Model:
    """A model whose calls take 8 s as far as anybody knows; two may run at once."""
    return catalogue.models["sd3.5-large"].model_copy(update={"concurrency": 2})


async def standing(queue: bot_side.RedisQueue, number: int) -> Standing:
    [found] = await queue.standings([str(number)])
    return found


async def estimates(queue: bot_side.RedisQueue, *numbers: int) -> list[float]:
    return [(await standing(queue, number)).estimate for number in numbers]


async def test_ones_own_jobs_share_ones_own_turns(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep(catalogue)
    for number in range(1, 6):
        await bot_queue.accept(job(number), None)

    assert await estimates(bot_queue, 1, 2, 3, 4, 5) == [8, 8, 16, 16, 24]
    claimed(worker_queue)
    claimed(worker_queue)
    assert worker_queue.claim(Lane.GENERATE) is None
    assert await estimates(bot_queue, 3, 4, 5) == [16, 16, 24]


async def test_what_runs_and_who_comes_before_hold_a_models_places(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, model: Model
) -> None:
    worker_queue.sweep([model])
    for user in range(1, 8):
        await bot_queue.accept(job(user, user), None)

    assert await estimates(bot_queue, *range(1, 8)) == [8, 8, 16, 16, 24, 24, 32]
    claimed(worker_queue)
    claimed(worker_queue)
    assert await estimates(bot_queue, *range(3, 8)) == [16, 16, 24, 24, 32]
    assert [(await standing(bot_queue, number)).position for number in (2, 3, 7)] == [0, 1, 5]


async def test_one_models_line_is_not_anothers(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, model: Model
) -> None:
    worker_queue.sweep([model])
    for user in range(1, 6):
        await bot_queue.accept(job(user, user), None)
    await bot_queue.accept(job(6, 6, model="stable-image-core"), None)

    found = await standing(bot_queue, 6)

    assert (found.position, found.estimate) == (1, 4)


async def test_calls_start_no_closer_together_than_the_pace_says(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, model: Model
) -> None:
    worker_queue.sweep([model.model_copy(update={"per_minute": 2, "concurrency": 8})])
    for user in range(1, 5):
        await bot_queue.accept(job(user, user), None)

    assert await estimates(bot_queue, 1, 2, 3) == [EIGHT, EIGHT + 30, EIGHT + 60]
    claimed(worker_queue)
    assert await estimates(bot_queue, 2, 3) == [pytest.approx(EIGHT + 30, abs=5), pytest.approx(EIGHT + 60, abs=5)]


async def test_one_that_is_to_wait_until_it_is_tried_again_waits_at_its_place(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1), None)
    worker_queue.release(claimed(worker_queue), after=60, doubt=False, throttled=False)

    found = await standing(bot_queue, 1)

    assert (found.state, found.position) == (State.WAITING, 1)
    assert found.estimate == pytest.approx(EIGHT + 60, abs=5)


async def test_a_call_takes_as_long_as_calls_took_lately_and_one_that_runs_what_is_left_of_it(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, redis_url: str
) -> None:
    await bot_queue.accept(job(1), None)
    assert (await standing(bot_queue, 1)).typical == EIGHT
    for number, seconds in enumerate((100, 200), start=2):
        await bot_queue.accept(job(number, number), None)
        worker_queue.finish(claimed(worker_queue), MADE.model_copy(update={"seconds": seconds}), b"p")

    running = claimed(worker_queue)
    with worker_side.connect(redis_url) as client:
        for passed, left in ((60, 90), (600, 0)):
            client.hincrby(job_key(running.job.id), "since", -1000 * passed)
            found = await standing(bot_queue, int(running.job.id))
            assert found.typical == 150
            assert found.estimate == pytest.approx(left, abs=5)


async def test_a_full_channel_is_waited_for(redis_url: str, catalogue: Catalogue, tickets: Tickets) -> None:
    queue = bot_side.RedisQueue(
        bot_side.connect(redis_url), catalogue=catalogue, ticket=tickets.from_bot, channel_running=1
    )
    for user in (1, 2, 3):
        await queue.accept(job(user, user), None)
    await queue.accept(job(4, 4, channel=9), None)
    with worker_side.connect(redis_url) as client:
        worker_side.RedisQueue(client, tickets.from_worker).sweep(catalogue)

    assert await estimates(queue, 1, 2, 3, 4) == [8, 16, 24, 8]
    await queue.close()


async def test_a_person_sees_all_their_open_jobs_and_a_guild_how_many_it_has(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1), None)
    await bot_queue.accept(job(2, has_picture=True), b"upload")
    await bot_queue.accept(job(3, user=2), None)
    await bot_queue.accept(job(4, guild=2), None)
    worker_queue.finish(claimed(worker_queue), MADE, b"p")

    assert [s.job.id for s in await bot_queue.jobs_of("user-1")] == ["1", "2", "4"]
    assert [await bot_queue.waiting(guild) for guild in (1, 2, 3)] == [3, 1, 0]
    [delivery] = await bot_queue.outcomes()
    await bot_queue.delivered(delivery, 99)
    assert [s.job.id for s in await bot_queue.jobs_of("user-1")] == ["2", "4"]
    assert await bot_queue.waiting(1) == 2


async def test_of_many_open_jobs_those_at_work_are_seen_always_and_the_others_in_turn(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_side, "LOOK_COUNT", 2)
    bot_queue._looked_at = 2
    for number in range(10, 30):
        await bot_queue.accept(job(number, user=number, model="sdxl" if number == 20 else "sd3.5-large"), None)
    worker_queue.switch_off("sd3.5-large", problem("model_gone", model="SD 3.5 Large"))
    at_work = claimed(worker_queue).job.id

    looks = [await bot_queue.open_jobs() for _ in range(10)]

    assert at_work == "20"
    assert all({"10", "11", "20", "28", "29"} <= set(seen) for seen in looks)
    assert max(len(seen) for seen in looks) == 7
    assert {job_id for seen in looks for job_id in seen} == {str(number) for number in range(10, 30)}


async def test_a_queue_that_is_away_is_said_in_words(catalogue: Catalogue, tickets: Tickets) -> None:
    away = bot_side.RedisQueue(bot_side.connect("redis://127.0.0.1:1/0"), catalogue=catalogue, ticket=tickets.from_bot)

    asked = (away.jobs_of("user-1"), away.waiting(1), away.standings(["1"]), away.prepared("1"))
    for refused in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(refused, Refused)
        assert refused.problems == (problem("queue_away"),)
    await away.close()

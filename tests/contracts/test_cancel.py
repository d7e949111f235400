"""What is cancelled before its call ends once, in words, and no worker calls the model for it."""

import asyncio

import pytest

import bot.adapters.redis as bot_side
import worker.adapters.redis as worker_side
from bot.ports import Cancelled
from shared.catalogue import Catalogue
from shared.errors import Refused, problem
from shared.outcome import Failed
from shared.queue.names import GENERATE, source_key
from tests.contracts.halves import MADE, Tickets, claimed, job
from worker.ports import Lane

BY_ADA = problem("cancelled", name="Ada")


async def endings(queue: bot_side.RedisQueue) -> list[tuple[str, object]]:
    """Give what the stream tells now: ids and outcomes."""
    ended = await queue.outcomes()
    return [(s.job.id, s.outcome) for s in await queue.standings([delivery.job_id for delivery in ended])]


async def test_a_waiting_job_ends_in_words_once_and_its_upload_is_freed(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, redis_url: str
) -> None:
    await bot_queue.accept(job(1, has_picture=True), b"upload")
    await bot_queue.accept(job(2, has_picture=True), b"upload")
    worker_queue.promote(claimed(worker_queue, Lane.PREPARE), b"prepared")

    first = [await bot_queue.cancel(number, BY_ADA) for number in ("1", "2")]
    again = [await bot_queue.cancel(number, BY_ADA) for number in ("1", "2", "404")]

    assert first == [Cancelled.CANCELLED] * 2
    assert again == [Cancelled.TOO_LATE, Cancelled.TOO_LATE, Cancelled.UNKNOWN]
    assert sorted(await endings(bot_queue)) == [("1", Failed(problem=BY_ADA)), ("2", Failed(problem=BY_ADA))]
    assert [worker_queue.claim(lane) for lane in Lane] == [None, None]
    with worker_side.connect(redis_url) as client:
        assert client.exists(source_key("2")) == 0


async def test_one_that_is_prepared_meanwhile_is_not_promoted(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1, has_picture=True), b"upload")
    claim = claimed(worker_queue, Lane.PREPARE)

    assert await bot_queue.cancel("1", BY_ADA) is Cancelled.CANCELLED

    assert not worker_queue.promote(claim, b"prepared")
    assert worker_queue.claim(Lane.GENERATE) is None
    assert await endings(bot_queue) == [("1", Failed(problem=BY_ADA))]


async def test_a_worker_that_has_claimed_it_finds_its_lease_lost_and_cannot_begin(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    claim = claimed(worker_queue)

    assert await bot_queue.cancel("1", BY_ADA) is Cancelled.CANCELLED

    assert not worker_queue.begin(claim)
    worker_queue.renew()
    worker_queue.sweep(catalogue)
    assert not worker_queue.release(claim, after=0, doubt=False, throttled=False)
    assert not worker_queue.finish(claim, Failed(problem=problem("no_longer_kept")))
    assert not worker_queue.finish(claim, MADE, b"picture")
    assert await endings(bot_queue) == [("1", Failed(problem=BY_ADA))]
    assert await bot_queue.picture("1") is None


async def test_a_call_that_has_begun_runs_to_its_end(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1), None)
    claim = claimed(worker_queue)
    worker_queue.begin(claim)

    assert await bot_queue.cancel("1", BY_ADA) is Cancelled.TOO_LATE

    assert worker_queue.finish(claim, MADE, b"picture")
    assert await bot_queue.cancel("1", BY_ADA) is Cancelled.TOO_LATE
    assert await endings(bot_queue) == [("1", MADE)]


async def test_one_that_waits_to_be_tried_again_can_be_cancelled_and_stays_away(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    claim = claimed(worker_queue)
    worker_queue.begin(claim)
    worker_queue.release(claim, after=0.05, doubt=False, throttled=False)

    assert await bot_queue.cancel("1", BY_ADA) is Cancelled.CANCELLED

    await asyncio.sleep(0.1)
    worker_queue.sweep(catalogue)
    assert worker_queue.claim(Lane.GENERATE) is None


async def test_the_turn_of_a_claimed_one_goes_to_the_next_of_the_same_person(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, tickets: Tickets
) -> None:
    for number in range(1, 5):
        await bot_queue.accept(job(number), None)
    claimed(worker_queue)
    claimed(worker_queue)
    assert worker_queue.claim(Lane.GENERATE) is None
    await asyncio.sleep(0)
    tickets.sent.clear()

    await bot_queue.cancel("3", BY_ADA)
    await bot_queue.cancel("1", BY_ADA)
    await asyncio.sleep(0)

    assert tickets.sent == [GENERATE]
    assert claimed(worker_queue).job.id == "4"
    assert worker_queue.claim(Lane.GENERATE) is None


async def test_a_queue_that_is_away_is_said_in_words(catalogue: Catalogue, tickets: Tickets) -> None:
    away = bot_side.RedisQueue(bot_side.connect("redis://127.0.0.1:1/0"), catalogue=catalogue, ticket=tickets.from_bot)

    with pytest.raises(Refused) as refused:
        await away.cancel("1", BY_ADA)

    assert refused.value.problems == (problem("queue_away"),)
    await away.close()

"""What is cancelled before its call ends once, in words, and no worker calls the model for it."""

import asyncio

import pytest

from bot.domain.status import CancelResult
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from shared.queue.keys import upload_key
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, RecordedTickets, claim_job, make_job
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CANCELLED_BY_ADA = make_problem("cancelled", name="Ada")


async def read_outcomes(outcomes: RedisOutcomeStream) -> list[tuple[str, object]]:
    """Give what the stream tells now: ids and outcomes."""
    entries = await outcomes.read_outcomes()
    return [(s.job.id, s.outcome) for s in await outcomes.load_statuses([entry.job_id for entry in entries])]


async def test_a_waiting_job_ends_in_words_once_and_its_upload_is_freed(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    await bot_queue.enqueue_job(make_job(2, has_picture=True), b"upload")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")

    first = [await bot_queue.cancel_job(number, CANCELLED_BY_ADA) for number in ("1", "2")]
    again = [await bot_queue.cancel_job(number, CANCELLED_BY_ADA) for number in ("1", "2", "404")]

    assert first == [CancelResult.CANCELLED] * 2
    assert again == [CancelResult.TOO_LATE, CancelResult.TOO_LATE, CancelResult.UNKNOWN]
    assert sorted(await read_outcomes(outcomes)) == [
        ("1", Failed(problem=CANCELLED_BY_ADA)),
        ("2", Failed(problem=CANCELLED_BY_ADA)),
    ]
    assert [worker_queue.claim(lane) for lane in Stage] == [None, None]
    with connect_worker(redis_url) as client:
        assert client.exists(upload_key("2")) == 0


async def test_one_that_is_prepared_meanwhile_is_not_promoted(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    claim = claim_job(worker_queue, Stage.PREPARE)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.CANCELLED

    assert not worker_queue.promote(claim, b"prepared")
    assert worker_queue.claim(Stage.GENERATE) is None
    assert await read_outcomes(outcomes) == [("1", Failed(problem=CANCELLED_BY_ADA))]


async def test_a_worker_that_has_claimed_it_finds_its_lease_lost_and_cannot_begin(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.CANCELLED

    assert not worker_queue.start_call(claim)
    worker_queue.renew_leases()
    worker_queue.sweep(catalogue)
    assert not worker_queue.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)
    assert not worker_queue.finish(claim, Failed(problem=make_problem("no_longer_kept")))
    assert not worker_queue.finish(claim, GENERATED, b"picture")
    assert await read_outcomes(outcomes) == [("1", Failed(problem=CANCELLED_BY_ADA))]
    assert await outcomes.load_result_image("1") is None


async def test_a_call_that_has_begun_runs_to_its_end(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    worker_queue.start_call(claim)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.TOO_LATE

    assert worker_queue.finish(claim, GENERATED, b"picture")
    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.TOO_LATE
    assert await read_outcomes(outcomes) == [("1", GENERATED)]


async def test_one_that_waits_to_be_tried_again_can_be_cancelled_and_stays_away(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    worker_queue.start_call(claim)
    worker_queue.release(claim, delay_seconds=0.05, is_unknown_call=False, is_throttled=False)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.CANCELLED

    await asyncio.sleep(0.1)
    worker_queue.sweep(catalogue)
    assert worker_queue.claim(Stage.GENERATE) is None


async def test_the_slot_of_a_claimed_one_goes_to_the_next_of_the_same_person(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, tickets: RecordedTickets
) -> None:
    for number in range(1, 5):
        await bot_queue.enqueue_job(make_job(number), None)
    claim_job(worker_queue)
    claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    await asyncio.sleep(0)
    tickets.sent.clear()

    await bot_queue.cancel_job("3", CANCELLED_BY_ADA)
    await bot_queue.cancel_job("1", CANCELLED_BY_ADA)
    await asyncio.sleep(0)

    assert tickets.sent == [Stage.GENERATE]
    assert claim_job(worker_queue).job.id == "4"
    assert worker_queue.claim(Stage.GENERATE) is None


async def test_a_queue_that_is_away_is_said_in_words(catalogue: Catalogue, tickets: RecordedTickets) -> None:
    away = BotJobQueue(connect_bot("redis://127.0.0.1:1/0"), catalogue=catalogue, build_ticket=tickets.send_from_bot)

    with pytest.raises(RejectedError) as refused:
        await away.cancel_job("1", CANCELLED_BY_ADA)

    assert refused.value.problems == (make_problem("queue_away"),)
    await away.close()

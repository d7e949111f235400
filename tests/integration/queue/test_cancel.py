"""A job that is cancelled before its call fails once, and no worker calls the model for it."""

import asyncio

import pytest

from bot.domain.status import CancelResult
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, RecordedTickets, claim_job, make_job, send_no_ticket
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

CANCELLED_BY_ADA = make_problem("cancelled", name="Ada")


async def read_outcomes(outcomes: RedisOutcomeStream) -> list[tuple[str, object]]:
    """Read the jobs that have ended, with their outcomes."""
    entries = await outcomes.read_outcomes()
    statuses = await outcomes.load_statuses([entry.job_id for entry in entries])
    return [(status.job.id, status.outcome) for status in statuses]


async def test_a_queued_job_fails_once_and_its_upload_is_deleted(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    await bot_queue.enqueue_job(make_job(2, has_picture=True), b"upload")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")

    first = [await bot_queue.cancel_job(job_id, CANCELLED_BY_ADA) for job_id in ("1", "2")]
    again = [await bot_queue.cancel_job(job_id, CANCELLED_BY_ADA) for job_id in ("1", "2", "404")]

    assert first == [CancelResult.CANCELLED] * 2
    assert again == [CancelResult.TOO_LATE, CancelResult.TOO_LATE, CancelResult.UNKNOWN]
    assert sorted(await read_outcomes(outcomes)) == [
        ("1", Failed(problem=CANCELLED_BY_ADA)),
        ("2", Failed(problem=CANCELLED_BY_ADA)),
    ]
    assert [worker_queue.claim(stage) for stage in Stage] == [None, None]
    with connect_worker(redis_url) as client:
        assert client.exists(DEFAULT_KEYS.upload_key("2")) == 0


async def test_a_job_that_is_being_prepared_is_not_promoted(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    claim = claim_job(worker_queue, Stage.PREPARE)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.CANCELLED

    assert not worker_queue.promote(claim, b"prepared")
    assert worker_queue.claim(Stage.GENERATE) is None
    assert await read_outcomes(outcomes) == [("1", Failed(problem=CANCELLED_BY_ADA))]


async def test_a_worker_that_has_claimed_the_job_loses_its_lease_and_cannot_start_the_call(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.CANCELLED

    assert not worker_queue.start_call(claim)
    worker_queue.renew_leases()
    worker_queue.sweep(catalogue)
    assert not worker_queue.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)
    assert not worker_queue.finish(claim, Failed(problem=make_problem("upload_expired")))
    assert not worker_queue.finish(claim, GENERATED, b"picture")
    assert await read_outcomes(outcomes) == [("1", Failed(problem=CANCELLED_BY_ADA))]
    assert await outcomes.load_result_image("1") is None


async def test_a_call_that_has_started_runs_to_its_end(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    worker_queue.start_call(claim)

    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.TOO_LATE

    assert worker_queue.finish(claim, GENERATED, b"picture")
    assert await bot_queue.cancel_job("1", CANCELLED_BY_ADA) is CancelResult.TOO_LATE
    assert await read_outcomes(outcomes) == [("1", GENERATED)]


async def test_a_job_that_was_released_with_a_delay_can_be_cancelled_and_does_not_come_back(
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


async def test_the_slot_of_a_claimed_job_goes_to_the_next_job_of_its_user(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, recorded_tickets: RecordedTickets
) -> None:
    for number in range(1, 5):
        await bot_queue.enqueue_job(make_job(number), None)
    claim_job(worker_queue)
    claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    await asyncio.sleep(0)
    recorded_tickets.sent.clear()

    await bot_queue.cancel_job("3", CANCELLED_BY_ADA)
    await bot_queue.cancel_job("1", CANCELLED_BY_ADA)
    await asyncio.sleep(0)

    assert recorded_tickets.sent == [Stage.GENERATE]
    assert claim_job(worker_queue).job.id == "4"
    assert worker_queue.claim(Stage.GENERATE) is None


async def test_an_unreachable_redis_is_reported_to_the_user(catalogue: Catalogue) -> None:
    queue = BotJobQueue(connect_bot("redis://127.0.0.1:1/0"), catalogue=catalogue, build_ticket=send_no_ticket)

    with pytest.raises(RejectedError) as rejected:
        await queue.cancel_job("1", CANCELLED_BY_ADA)

    assert rejected.value.problems == (make_problem("queue_unavailable"),)
    await queue.close()

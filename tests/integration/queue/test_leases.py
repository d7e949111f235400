"""Leases: jobs of dead workers come back, calls of unknown fate are repeated once, paid results are never lost."""

import asyncio

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.catalogue import Catalogue
from shared.outcome import Failed, Outcome
from shared.problems import make_problem
from shared.queue.chunks import CHUNK_BYTES
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import (
    GENERATED,
    LEASE_SECONDS,
    claim_job,
    make_job,
    renew_beyond_lease,
    wait_for_lease_expiry,
)
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue
from worker.queue.job_queue import MAX_CRASHES
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.replies import RetryResult


async def read_outcome(outcomes: RedisOutcomeStream) -> Outcome | None:
    """Read the outcome of the one job that has ended."""
    [entry] = await outcomes.read_outcomes()
    [status] = await outcomes.load_statuses([entry.job_id])
    return status.outcome


async def test_a_job_comes_back_if_its_lease_expires_before_the_call(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    lost = claim_job(worker_queue)

    await wait_for_lease_expiry(worker_queue, catalogue)

    assert not worker_queue.start_call(lost)
    again = claim_job(worker_queue)
    assert (again.job.id, again.unknown_calls) == ("1", 0)


async def test_a_job_fails_if_its_workers_keep_dying_before_the_call(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    for _ in range(MAX_CRASHES):
        claim_job(worker_queue)
        await wait_for_lease_expiry(worker_queue, catalogue)

    assert await read_outcome(outcomes) == Failed(problem=make_problem("worker_crashed", count=MAX_CRASHES))


async def test_a_call_of_unknown_fate_is_repeated_once_and_then_the_job_fails(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    worker_queue.start_call(claim_job(worker_queue))
    await wait_for_lease_expiry(worker_queue, catalogue)

    again = claim_job(worker_queue)
    assert again.unknown_calls == 1
    worker_queue.start_call(again)
    await wait_for_lease_expiry(worker_queue, catalogue)

    assert worker_queue.claim(Stage.GENERATE) is None
    assert await read_outcome(outcomes) == Failed(problem=make_problem("interrupted"), may_be_billed=True)


async def test_a_job_whose_calls_were_lost_becomes_a_dead_letter_and_is_retried_with_its_prepared_picture(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    catalogue: Catalogue,
    redis_url: str,
) -> None:
    prepared = b"prepared" * CHUNK_BYTES
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), prepared)
    for _ in range(2):
        worker_queue.start_call(claim_job(worker_queue))
        await wait_for_lease_expiry(worker_queue, catalogue)
    with connect_worker(redis_url) as client:
        letters = DeadLetterQueue(client)
        [letter] = letters.list_letters()
        assert isinstance(letter, DeadLetter)
        assert (letter.job.id, letter.stage, letter.calls) == ("1", Stage.GENERATE, 2)
        assert letter.picture_bytes == len(prepared)
        assert letters.fetch_picture("1") == prepared
        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.NOT_DELIVERED

        [entry] = await outcomes.read_outcomes()
        await outcomes.acknowledge_outcome(entry, 99)
        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.QUEUED
        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.NOT_FOUND
        assert letters.list_letters() == []

    again = claim_job(worker_queue)
    assert (again.job.id, again.unknown_calls) == ("1-r1", 0)
    assert worker_queue.fetch_prepared("1-r1") == prepared


async def test_a_renewed_lease_does_not_expire(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    await renew_beyond_lease(worker_queue, catalogue)

    assert worker_queue.start_call(claim)


async def test_after_an_outage_every_worker_has_time_to_renew_its_leases(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    worker_queue.sweep(catalogue)
    await asyncio.sleep(LEASE_SECONDS * 1.5)

    worker_queue.sweep(catalogue)
    await renew_beyond_lease(worker_queue, catalogue)

    assert worker_queue.start_call(claim), "the sweep before the renewal took the job away"


async def test_a_claim_that_is_given_back_before_its_call_leaves_no_trace(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    for _ in range(MAX_CRASHES + 1):
        claim = claim_job(worker_queue)
        worker_queue.start_call(claim)
        worker_queue.return_claim(claim)
        worker_queue.renew_leases()
        assert not worker_queue.start_call(claim)

    assert claim_job(worker_queue).unknown_calls == 0
    with connect_worker(redis_url) as client:
        assert client.hmget(DEFAULT_KEYS.job_key("1"), "claims", "calls", "crashes") == [b"1", b"0", None]


async def test_a_paid_picture_is_stored_even_if_its_worker_has_lost_the_lease(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    slow = claim_job(worker_queue)
    worker_queue.start_call(slow)
    await wait_for_lease_expiry(worker_queue, catalogue)

    assert worker_queue.finish(slow, GENERATED, b"paid")

    assert worker_queue.claim(Stage.GENERATE) is None
    assert await outcomes.load_result_image("1") == b"paid"
    assert not worker_queue.finish(slow, GENERATED, b"again")
    assert len(await outcomes.read_outcomes()) == 1


async def test_a_paid_picture_is_stored_even_if_redis_has_lost_its_job(
    redis_url: str, bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue
) -> None:
    job = make_job(1)
    await bot_queue.enqueue_job(job, None)
    claim = claim_job(worker_queue)
    worker_queue.start_call(claim)
    with connect_worker(redis_url) as client:
        client.flushdb()

        assert worker_queue.finish(claim, GENERATED, b"paid")

        [entry] = await outcomes.read_outcomes()
        [status] = await outcomes.load_statuses([entry.job_id])
        assert (status.job, status.outcome, status.calls) == (job, GENERATED, 0)
        assert await outcomes.load_result_image("1") == b"paid"
        assert not await bot_queue.enqueue_job(job, None, unknown_calls=1)
        await outcomes.acknowledge_outcome(entry, 7)
        assert client.zcard(DEFAULT_KEYS.open_jobs) == 0
        assert not worker_queue.finish(claim, GENERATED, b"again")


async def test_a_failure_is_not_stored_if_redis_has_lost_its_job(
    redis_url: str, bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    with connect_worker(redis_url) as client:
        client.flushdb()

    assert not worker_queue.finish(claim, Failed(problem=make_problem("upload_expired")))

    assert await bot_queue.enqueue_job(make_job(1), None, unknown_calls=1)


async def test_a_worker_that_has_lost_its_lease_cannot_fail_the_job(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    claim = claim_job(worker_queue, Stage.PREPARE)
    worker_queue.return_claim(claim)
    worker_queue.renew_leases()
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")

    assert not worker_queue.finish(claim, Failed(problem=make_problem("upload_expired")))

    assert worker_queue.start_call(claim_job(worker_queue))

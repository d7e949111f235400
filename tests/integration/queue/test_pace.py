"""How fast a model is called over all workers: its concurrency, throttling, and being disabled."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.domain.status import JobStatus
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.withdrawn_models import WithdrawnModels
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue, load_catalogue
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import RejectedError, make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, make_job
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

MODEL = "sd3.5-large"
MODEL_GONE = make_problem("model_gone", model="SD 3.5 Large")


async def test_calls_throttled_within_one_second_slow_the_pace_once_and_a_success_restores_it(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    for number in range(4):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    claims = [claim_job(worker_queue) for _ in range(4)]
    with connect_worker(redis_url) as client:
        for claim in claims[:3]:
            worker_queue.release(claim, delay_seconds=1, is_unknown_call=False, is_throttled=True)
        assert client.hget(DEFAULT_KEYS.pace_key(MODEL), "interval_ms") == b"500"

        worker_queue.finish(claims[3], GENERATED, b"p")
        assert client.hget(DEFAULT_KEYS.pace_key(MODEL), "interval_ms") == b"300"


def test_a_sweep_of_an_idle_queue_writes_next_to_nothing_and_restores_a_pace_that_was_lost(
    worker_queue: WorkerJobQueue, catalogue: Catalogue, redis_url: str
) -> None:
    """What it writes is appended to the append-only file, every second."""

    def sweep_and_count_writes() -> int:
        before = client.info("persistence")["rdb_changes_since_last_save"]
        worker_queue.sweep(catalogue)
        return int(client.info("persistence")["rdb_changes_since_last_save"] - before)

    with connect_worker(redis_url) as client:
        worker_queue.sweep(catalogue)
        assert sweep_and_count_writes() <= 4

        paces = {key: client.hgetall(DEFAULT_KEYS.pace_key(key)) for key in catalogue.models}
        assert all(pace.keys() == {b"concurrency", b"min_interval_ms", b"interval_ms"} for pace in paces.values())
        client.delete(DEFAULT_KEYS.pace_key(MODEL))
        worker_queue.sweep(catalogue)
        client.hset(DEFAULT_KEYS.pace_key("stable-image-core"), mapping={"concurrency": 99, "interval_ms": 777})
        worker_queue.sweep(catalogue)

        assert client.hgetall(DEFAULT_KEYS.pace_key(MODEL)) == paces[MODEL]
        changed = client.hgetall(DEFAULT_KEYS.pace_key("stable-image-core"))
        assert changed == paces["stable-image-core"] | {b"interval_ms": b"777"}, "what calls have learned stays"


async def test_a_released_job_waits_its_delay_and_throttling_slows_every_worker(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, user=2), None)

    assert worker_queue.release(claim_job(worker_queue), delay_seconds=0.2, is_unknown_call=False, is_throttled=True)
    assert worker_queue.claim(Stage.GENERATE) is None

    await asyncio.sleep(0.6)
    worker_queue.sweep(catalogue)
    assert worker_queue.claim(Stage.GENERATE) is not None
    assert worker_queue.claim(Stage.GENERATE) is None, "the pace allows one call every half second"


async def test_the_concurrency_of_a_model_holds_over_all_workers(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep([catalogue.models[MODEL].model_copy(update={"concurrency": 1})])
    await bot_queue.enqueue_job(make_job(1, user=1), None)
    await bot_queue.enqueue_job(make_job(2, user=2), None)

    first = claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    worker_queue.finish(first, GENERATED, b"p")
    assert claim_job(worker_queue).job.id == "2"


async def test_the_queued_jobs_of_a_disabled_model_fail_and_new_ones_are_rejected(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)

    worker_queue.disable_model(MODEL, DEFAULT_ACCOUNT, MODEL_GONE)
    worker_queue.sweep(catalogue)

    with pytest.raises(RejectedError) as rejected:
        await bot_queue.enqueue_job(make_job(2), None)
    [problem] = rejected.value.problems
    assert (problem.code, problem.facts["model"], problem.facts["minutes"]) == (
        "model_gone_for_now",
        "SD 3.5 Large",
        60,
    )
    [entry] = await outcomes.read_outcomes()
    [status] = await outcomes.load_statuses([entry.job_id])
    assert isinstance(status.outcome, Failed)
    assert (status.outcome.problem.code, status.outcome.problem.facts["model"]) == ("model_gone", "SD 3.5 Large")


async def test_a_disabled_model_is_off_the_offer_of_each_bot_until_it_is_tried_again(
    redis_url: str, worker_queue: WorkerJobQueue
) -> None:
    catalogue = load_catalogue()
    async with connect_bot(redis_url) as client:
        offer = WithdrawnModels(client, catalogue)

        worker_queue.disable_model(MODEL, DEFAULT_ACCOUNT, MODEL_GONE)
        await offer.update_offer()
        during = catalogue.default_model.key
        await client.delete(DEFAULT_KEYS.disabled_model_key(MODEL))
        await offer.update_offer()

    assert (during, catalogue.default_model.key) == ("stable-image-core", MODEL)


async def test_blocked_and_delayed_jobs_of_a_disabled_model_fail_too(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    for number in range(1, 5):
        await bot_queue.enqueue_job(make_job(number), None)
    running = [claim_job(worker_queue) for _ in range(2)]
    assert worker_queue.claim(Stage.GENERATE) is None
    worker_queue.release(running[0], delay_seconds=60, is_unknown_call=False, is_throttled=False)

    worker_queue.disable_model(MODEL, DEFAULT_ACCOUNT, MODEL_GONE)
    worker_queue.sweep(catalogue)

    assert {entry.job_id for entry in await outcomes.read_outcomes()} == {"1", "3", "4"}


def is_paused(statuses: Sequence[JobStatus]) -> set[bool]:
    return {status.is_model_paused for status in statuses}


async def test_after_three_stalled_calls_in_a_row_a_model_is_paused_and_tried_by_one_job_at_a_time(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep(catalogue)
    for number in range(1, 6):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    for _ in range(3):
        assert is_paused(await bot_queue.load_statuses(["5"])) == {False}
        claim = claim_job(worker_queue)
        worker_queue.record_failed_call(claim, pause_seconds=0.3)
        worker_queue.release(claim, delay_seconds=0, is_unknown_call=True, is_throttled=False)

    assert is_paused(await bot_queue.load_statuses(["1", "4", "5"])) == {True}
    assert worker_queue.claim(Stage.GENERATE) is None, "paused"
    await asyncio.sleep(0.35)
    probe = claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None, "one job at a time"

    worker_queue.record_failed_call(probe, pause_seconds=0.3)
    worker_queue.release(probe, delay_seconds=0, is_unknown_call=True, is_throttled=False)
    await asyncio.sleep(0.35)
    assert worker_queue.claim(Stage.GENERATE) is None, "the second pause is twice as long"
    await asyncio.sleep(0.35)
    worker_queue.finish(claim_job(worker_queue), GENERATED, b"p")

    assert is_paused(await bot_queue.load_statuses(["4", "5"])) == {False}
    assert all(claim_job(worker_queue) for _ in range(4)), "all at once again"


async def test_a_response_between_stalled_calls_prevents_a_pause(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep(catalogue)
    for number in range(1, 5):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    claims = [claim_job(worker_queue) for _ in range(4)]
    for claim in claims[:2]:
        worker_queue.record_failed_call(claim, pause_seconds=60)
    worker_queue.finish(claims[2], Filtered(part=FilteredPart.PROMPT, duration_seconds=1))
    for claim in claims[:2]:
        worker_queue.record_failed_call(claim, pause_seconds=60)

    assert is_paused(await bot_queue.load_statuses(["4"])) == {False}


async def test_a_probe_that_is_given_back_leaves_the_next_job_to_try(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep(catalogue)
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    claim = claim_job(worker_queue)
    for _ in range(3):
        worker_queue.record_failed_call(claim, pause_seconds=0.05)
    worker_queue.finish(claim, Failed(problem=make_problem("deadline", limit="3")))
    await asyncio.sleep(0.1)
    probe = claim_job(worker_queue)
    worker_queue.release(probe, delay_seconds=60, is_unknown_call=False, is_throttled=False)
    assert is_paused(await bot_queue.load_statuses([probe.job.id])) == {True}

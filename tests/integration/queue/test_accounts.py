"""Several AWS accounts: each has its own pace and breaker, and a job is called where there is room."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator

import pytest
import redis

from bot.queue.call_paces import RedisCallPaces
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, LEASE_SECONDS, claim_job, make_job, wait_for_lease_expiry
from worker.accounts import AccountPool
from worker.ports import Claim
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

MODEL, OTHER_MODEL = "sd3.5-large", "sdxl"
FIRST, SECOND = "111111111111", "222222222222"
DENIED = make_problem("access_denied", model="SD 3.5 Large", detail="no")


@pytest.fixture
def pool() -> AccountPool:
    return AccountPool((FIRST, SECOND))


@pytest.fixture
def queue(redis_url: str, pool: AccountPool) -> Iterator[WorkerJobQueue]:
    with connect_worker(redis_url) as client:
        yield WorkerJobQueue(client, lambda _: None, lease_seconds=LEASE_SECONDS, accounts=pool)


async def enqueue(bot_queue: BotJobQueue, *numbers: int, model: str = MODEL) -> None:
    for number in numbers:
        await bot_queue.enqueue_job(make_job(number, user=number, model=model), None)


def claim_all(queue: WorkerJobQueue) -> list[Claim]:
    claims = []
    while claim := queue.claim(Stage.GENERATE):
        claims.append(claim)
    return claims


async def test_calls_go_where_the_fewest_run_and_each_account_has_the_models_concurrency(
    bot_queue: BotJobQueue, queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    queue.sweep([catalogue.models[MODEL].model_copy(update={"concurrency": 2})])
    await enqueue(bot_queue, *range(1, 7))

    claims = claim_all(queue)
    queue.finish(claims[1], GENERATED)

    assert [claim.account for claim in claims] == [FIRST, SECOND, FIRST, SECOND]
    assert claim_job(queue).account == claims[1].account


async def test_an_account_that_throttles_leaves_the_jobs_to_the_others(
    bot_queue: BotJobQueue, queue: WorkerJobQueue, catalogue: Catalogue, client: redis.Redis
) -> None:
    queue.sweep(catalogue)
    await enqueue(bot_queue, 1, 2, 3)
    throttled = claim_job(queue)
    queue.release(throttled, delay_seconds=300, is_unknown_call=False, is_throttled=True)

    assert [claim.account for claim in claim_all(queue)] == [SECOND, SECOND]
    await asyncio.sleep(1.05)
    queue.sweep(catalogue)
    again = claim_job(queue)
    assert (again.job.id, again.account) == (throttled.job.id, SECOND), "it does not wait for its account"
    paces = [client.hget(DEFAULT_KEYS.pace_key(MODEL, account), "interval_ms") for account in (FIRST, SECOND)]
    assert paces == [b"500", b"0"]


async def test_a_model_is_paused_in_the_account_whose_calls_fail_and_tried_there_by_one_job(
    bot_queue: BotJobQueue, queue: WorkerJobQueue, catalogue: Catalogue, client: redis.Redis
) -> None:
    queue.sweep([catalogue.models[MODEL].model_copy(update={"concurrency": 3})])
    await enqueue(bot_queue, *range(1, 10))
    claims = [claim for claim in claim_all(queue) if claim.account == FIRST]
    for claim in claims:
        queue.record_failed_call(claim, pause_seconds=0.2)
        queue.release(claim, delay_seconds=0, is_unknown_call=True, is_throttled=False)

    assert claim_all(queue) == []
    [waiting] = await bot_queue.load_statuses(["9"])
    assert not waiting.is_model_paused, "one account goes on"
    await asyncio.sleep(0.25)
    probe = claim_job(queue)
    assert claim_all(queue) == []
    queue.finish(probe, GENERATED)

    assert probe.account == FIRST
    assert {claim.account for claim in claim_all(queue)} == {FIRST}
    assert not client.hexists(DEFAULT_KEYS.pace_key(MODEL, SECOND), "failed_calls")


async def test_a_model_that_one_account_may_not_use_is_called_in_the_other_and_off_once_both_refuse(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    queue.sweep(catalogue)
    await enqueue(bot_queue, 1, 2, 3)
    await enqueue(bot_queue, 4, model=OTHER_MODEL)

    assert not queue.disable_model(MODEL, FIRST, DENIED)
    accounts = {claim.job.id: claim.account for claim in claim_all(queue)}
    await enqueue(bot_queue, 5)
    assert queue.disable_model(MODEL, SECOND, DENIED)
    queue.sweep(catalogue)

    assert accounts == {"1": SECOND, "2": SECOND, "3": SECOND, "4": FIRST}
    [entry] = await outcomes.read_outcomes()
    [status] = await outcomes.load_statuses([entry.job_id])
    assert (entry.job_id, isinstance(status.outcome, Failed)) == ("5", True)
    with pytest.raises(RejectedError):
        await enqueue(bot_queue, 6)


async def test_an_account_that_a_worker_cannot_use_now_counts_until_it_has_refused_too(
    bot_queue: BotJobQueue,
    queue: WorkerJobQueue,
    pool: AccountPool,
    catalogue: Catalogue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue.sweep(catalogue)
    await enqueue(bot_queue, 1, 2)

    assert pool.pause(SECOND, 0.3, "AccessDenied")
    assert [claim.account for claim in claim_all(queue)] == [FIRST, FIRST]
    assert not queue.disable_model(MODEL, FIRST, DENIED), "the second may be able to"
    await enqueue(bot_queue, 3)
    assert queue.claim(Stage.GENERATE) is None
    assert f"account {SECOND} is paused for 0.3 s" in caplog.text
    await asyncio.sleep(0.35)
    assert claim_job(queue).account == SECOND


async def test_workers_with_different_accounts_share_one_queue(
    bot_queue: BotJobQueue, queue: WorkerJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    model = catalogue.models[MODEL].model_copy(update={"concurrency": 1})
    for each in (queue, worker_queue):
        each.sweep([model])
    await enqueue(bot_queue, 1, 2, 3, 4)

    accounts = [claim_job(worker_queue).account, *(claim.account for claim in claim_all(queue))]

    assert accounts == [DEFAULT_ACCOUNT, FIRST, SECOND]
    [status] = await bot_queue.load_statuses(["4"])
    assert status.position == 1
    assert status.estimated_seconds == pytest.approx(2 * catalogue.models[MODEL].typical_seconds)


async def test_a_call_of_unknown_fate_and_its_repetition_name_their_accounts(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, queue: WorkerJobQueue, pool: AccountPool, catalogue: Catalogue
) -> None:
    queue.sweep(catalogue)
    await enqueue(bot_queue, 1)
    assert queue.start_call(claim_job(queue))
    await wait_for_lease_expiry(queue, catalogue)
    pool.pause(FIRST, 60, "no")
    claim = claim_job(queue)
    assert queue.start_call(claim)

    queue.finish(claim, GENERATED, b"p")

    [entry] = await outcomes.read_outcomes()
    [status] = await outcomes.load_statuses([entry.job_id])
    assert (status.unknown_calls, status.unknown_accounts, status.account) == (1, (FIRST,), SECOND)


async def test_a_result_that_redis_has_forgotten_keeps_its_account(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    queue: WorkerJobQueue,
    catalogue: Catalogue,
    client: redis.Redis,
) -> None:
    queue.sweep(catalogue)
    await enqueue(bot_queue, 1)
    claim = claim_job(queue)
    client.delete(DEFAULT_KEYS.job_key("1"))

    queue.finish(claim, GENERATED, b"p")

    [entry] = await outcomes.read_outcomes()
    [status] = await outcomes.load_statuses([entry.job_id])
    assert status.account == FIRST


async def test_a_claim_that_an_older_bot_ends_does_not_hold_its_place_in_the_account(
    bot_queue: BotJobQueue, queue: WorkerJobQueue, catalogue: Catalogue, client: redis.Redis
) -> None:
    model = catalogue.models[MODEL].model_copy(update={"concurrency": 1})
    queue.sweep([model])
    await enqueue(bot_queue, 1, 2, 3)
    ended = claim_all(queue)[0]
    # All that a release without accounts leaves of a claim that it ends
    client.hdel(DEFAULT_KEYS.job_key(ended.job.id), "claim_token")
    client.zrem(DEFAULT_KEYS.leases_key("generate"), ended.job.id)

    assert queue.claim(Stage.GENERATE) is None
    queue.sweep([model])

    assert claim_job(queue).account == ended.account


async def test_a_batch_is_estimated_by_all_accounts(
    redis_url: str, queue: WorkerJobQueue, catalogue: Catalogue, client: redis.Redis
) -> None:
    queue.sweep([catalogue.models[MODEL].model_copy(update={"concurrency": 4})])
    client.rpush(DEFAULT_KEYS.call_durations_key(MODEL), 2000)
    async with connect_bot(redis_url) as connection:
        paces = RedisCallPaces(connection, catalogue)
        assert await paces.estimate_seconds({MODEL: 16}) == 4
        for account in (FIRST, SECOND):
            client.hset(DEFAULT_KEYS.pace_key(MODEL, account), "interval_ms", 4000)
        assert await paces.estimate_seconds({MODEL: 16}) == pytest.approx(15 * 2 + 2)


@pytest.mark.parametrize("seed", range(3))
async def test_random_calls_never_exceed_an_accounts_limits_and_leave_no_room_unused(
    seed: int, bot_queue: BotJobQueue, queue: WorkerJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    """Compares the scripts with a simple model: sets of running jobs and of disabled models, by account."""
    rng, limit = random.Random(seed), 2
    models = [catalogue.models[key].model_copy(update={"concurrency": limit}) for key in (MODEL, OTHER_MODEL)]
    workers = {queue: (FIRST, SECOND), worker_queue: (DEFAULT_ACCOUNT,)}
    for each in workers:
        each.sweep(models)
    running: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    disabled: set[tuple[str, str]] = set()
    waiting: dict[str, list[str]] = {MODEL: [], OTHER_MODEL: []}
    claims: list[tuple[WorkerJobQueue, Claim]] = []
    number = 100  # ids of equal length are in order
    for _ in range(120):
        match rng.choice(("enqueue", "enqueue", "claim", "claim", "claim", "finish", "release", "disable")):
            case "enqueue":
                number += 1
                model = rng.choice(models).key
                await enqueue(bot_queue, number, model=model)
                waiting[model].append(str(number))
            case "claim":
                worker = rng.choice(list(workers))
                room = {
                    model: [
                        account
                        for account in workers[worker]
                        if len(running[account, model]) < limit and (account, model) not in disabled
                    ]
                    for model in waiting
                }
                claim = worker.claim(Stage.GENERATE)
                possible = [model for model in waiting if waiting[model] and room[model]]
                assert (claim is not None) == bool(possible)
                if claim is None:
                    continue
                model, account = claim.job.request.model, claim.account
                fewest = min(len(running[each, model]) for each in room[model])
                assert account in room[model]
                assert len(running[account, model]) == fewest
                assert claim.job.id == waiting[model][0], "in the order of the queue, whatever the account"
                waiting[model].remove(claim.job.id)
                running[account, model].add(claim.job.id)
                claims.append((worker, claim))
            case "finish" | "release" as step if claims:
                worker, claim = claims.pop(rng.randrange(len(claims)))
                model = claim.job.request.model
                running[claim.account, model].remove(claim.job.id)
                if step == "finish":
                    worker.finish(claim, GENERATED)
                else:
                    worker.release(claim, delay_seconds=0, is_unknown_call=False, is_throttled=False)
                    waiting[model] = sorted([*waiting[model], claim.job.id], key=int)
            case "disable" if len(disabled) < 3:
                place = rng.choice((FIRST, SECOND, DEFAULT_ACCOUNT)), rng.choice(models).key
                if len([each for each in disabled if each[1] == place[1]]) < 2:
                    disabled.add(place)
                    assert not queue.disable_model(place[1], place[0], DENIED)
    assert number > 110
    assert len({claim.account for _, claim in claims} | {account for account, _ in running}) == 3

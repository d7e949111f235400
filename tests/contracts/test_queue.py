"""Both halves over one real Redis: what the bot accepts is what the worker claims, and the other way round."""

import asyncio
import os
import signal
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

import bot.adapters.redis as bot_side
import worker.adapters.redis as worker_side
from bot.ports import State, Unheard
from demo.redis import RedisServer
from shared.catalogue import Catalogue
from shared.errors import Refused, problem
from shared.outcome import Failed
from shared.queue.names import GENERATE, PREPARE, job_key, ticket_list
from shared.queue.pieces import PIECE_BYTES
from tests.contracts.halves import LEASE, MADE, Tickets, claimed, job, let_the_lease_expire, renew_for_a_while
from worker.adapters.dead_letters import DeadLetters, Retried
from worker.ports import Lane


async def test_a_job_goes_from_upload_to_outcome_and_its_bytes_are_freed(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, tickets: Tickets
) -> None:
    upload, prepared = b"upload" * PIECE_BYTES, b"prepared" * (PIECE_BYTES // 3)
    assert await bot_queue.accept(job(1, has_picture=True), upload)

    preparing = claimed(worker_queue, Lane.PREPARE)
    assert worker_queue.source("1") == upload
    assert worker_queue.promote(preparing, prepared)
    assert worker_queue.source("1") is None

    generating = claimed(worker_queue)
    assert generating.job == job(1, has_picture=True).model_copy(update={"accepted_at": generating.job.accepted_at})
    assert worker_queue.prepared("1") == await bot_queue.prepared("1") == prepared
    assert worker_queue.begin(generating)
    assert worker_queue.finish(generating, MADE, b"picture")

    [delivery] = await bot_queue.outcomes()
    [standing] = await bot_queue.standings([delivery.job_id])
    assert standing.outcome == MADE
    assert await bot_queue.picture("1") == b"picture"
    await bot_queue.delivered(delivery, 99)
    assert await bot_queue.picture("1") is None
    assert worker_queue.prepared("1") is None
    assert await bot_queue.open_jobs() == []
    assert sorted(tickets.sent) == [GENERATE, PREPARE]


async def test_the_same_interaction_is_the_same_job(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    assert await bot_queue.accept(job(1), None)
    assert not await bot_queue.accept(job(1), None)

    claimed(worker_queue)
    assert worker_queue.claim(Lane.GENERATE) is None


async def test_one_who_asks_for_one_does_not_wait_behind_one_who_asks_for_many(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    for number in range(40):
        await bot_queue.accept(job(number, user=1), None)
    for user in range(2, 12):
        await bot_queue.accept(job(100 + user, user=user), None)

    order = []
    for _ in range(50):
        claim = claimed(worker_queue)
        order.append(claim.job.requester.id)
        worker_queue.finish(claim, MADE, b"p")

    assert set(order[:12]) >= set(range(2, 12))
    assert Counter(order)[1] == 40


async def test_nobody_runs_more_than_their_share_and_what_was_parked_comes_back(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    for number in range(5):
        await bot_queue.accept(job(number, user=1), None)

    first, second = claimed(worker_queue), claimed(worker_queue)
    assert worker_queue.claim(Lane.GENERATE) is None

    worker_queue.finish(first, MADE, b"p")
    third = claimed(worker_queue)
    assert worker_queue.claim(Lane.GENERATE) is None
    worker_queue.finish(second, MADE, b"p")
    worker_queue.finish(third, MADE, b"p")
    assert {claimed(worker_queue).job.id, claimed(worker_queue).job.id} == {"3", "4"}


async def test_the_position_counts_who_goes_first(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1, user=1), None)
    await bot_queue.accept(job(2, user=1), None)
    await bot_queue.accept(job(3, user=2), None)

    positions = {s.job.id: s.position for s in await bot_queue.standings(["1", "2", "3", "404"])}
    assert positions["2"] == 3
    assert set(positions) == {"1", "2", "3"}

    claimed(worker_queue)
    claimed(worker_queue)
    [last] = await bot_queue.standings(["2"])
    assert last.position == 1
    assert last.state is State.WAITING


async def test_too_many_waiting_jobs_are_refused_with_the_limit(bot_queue: bot_side.RedisQueue) -> None:
    for number in range(50):
        await bot_queue.accept(job(number), None)

    with pytest.raises(Refused) as refused:
        await bot_queue.accept(job(51), None)

    assert refused.value.problems[0] == problem("too_many_waiting", count=50, limit=50)


async def test_an_expired_lease_before_the_call_brings_the_job_back(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    lost = claimed(worker_queue)

    await let_the_lease_expire(worker_queue, catalogue)

    assert not worker_queue.begin(lost)
    again = claimed(worker_queue)
    assert (again.job.id, again.doubts) == ("1", 0)


async def test_a_job_whose_worker_dies_before_every_call_is_given_up(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    for _ in range(worker_side.MOST_CRASHES):
        claimed(worker_queue)
        await let_the_lease_expire(worker_queue, catalogue)

    [delivery] = await bot_queue.outcomes()
    [standing] = await bot_queue.standings([delivery.job_id])
    assert standing.outcome == Failed(problem=problem("gave_up", count=worker_side.MOST_CRASHES))


async def test_a_call_of_unknown_fate_is_repeated_once_and_then_failed(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    worker_queue.begin(claimed(worker_queue))
    await let_the_lease_expire(worker_queue, catalogue)

    again = claimed(worker_queue)
    assert again.doubts == 1
    worker_queue.begin(again)
    await let_the_lease_expire(worker_queue, catalogue)

    assert worker_queue.claim(Lane.GENERATE) is None
    [delivery] = await bot_queue.outcomes()
    [standing] = await bot_queue.standings([delivery.job_id])
    assert standing.outcome == Failed(problem=problem("lost"))


async def test_what_died_during_its_calls_is_set_aside_and_retried_with_its_prepared_picture(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue, redis_url: str
) -> None:
    prepared = b"prepared" * PIECE_BYTES
    await bot_queue.accept(job(1, has_picture=True), b"upload")
    worker_queue.promote(claimed(worker_queue, Lane.PREPARE), prepared)
    for _ in range(2):
        worker_queue.begin(claimed(worker_queue))
        await let_the_lease_expire(worker_queue, catalogue)
    with worker_side.connect(redis_url) as client:
        letters = DeadLetters(client)
        [letter] = letters.all()
        assert (letter.job.id, letter.lane, letter.calls, letter.picture) == ("1", Lane.GENERATE, 2, len(prepared))
        assert letters.picture("1") == prepared
        assert letters.retry(letter, "1-r1", 60) is Retried.NOT_TOLD

        [delivery] = await bot_queue.outcomes()
        await bot_queue.delivered(delivery, 99)
        assert letters.retry(letter, "1-r1", 60) is Retried.QUEUED
        assert letters.retry(letter, "1-r1", 60) is Retried.NOT_THERE
        assert letters.all() == []

    again = claimed(worker_queue)
    assert (again.job.id, again.doubts) == ("1-r1", 0)
    assert worker_queue.prepared("1-r1") == prepared


async def test_refusals_of_the_same_second_slow_the_pace_once_and_successes_restore_it(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, redis_url: str
) -> None:
    for number in range(4):
        await bot_queue.accept(job(number, user=number), None)
    claims = [claimed(worker_queue) for _ in range(4)]
    with worker_side.connect(redis_url) as client:
        for claim in claims[:3]:
            worker_queue.release(claim, after=1, doubt=False, throttled=True)
        assert client.hget("pentimento:pace:sd3.5-large", "interval") == b"500"

        worker_queue.finish(claims[3], MADE, b"p")
        assert client.hget("pentimento:pace:sd3.5-large", "interval") == b"300"


async def test_a_renewed_lease_does_not_expire(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    claim = claimed(worker_queue)
    await renew_for_a_while(worker_queue, catalogue)

    assert worker_queue.begin(claim)


async def test_after_a_server_was_away_every_worker_gets_the_time_to_renew(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    claim = claimed(worker_queue)
    worker_queue.sweep(catalogue)
    await asyncio.sleep(LEASE * 1.5)

    worker_queue.sweep(catalogue)
    await renew_for_a_while(worker_queue, catalogue)

    assert worker_queue.begin(claim), "a sweep that came before the renewal took nothing away"


async def test_a_claim_asked_for_twice_with_one_token_is_one_job(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1), None)
    await bot_queue.accept(job(2, user=2), None)

    first, second = (worker_queue._run("claim", Lane.GENERATE, "token", 9000)[0] for _ in range(2))

    assert first == second
    assert claimed(worker_queue).job.id == "2"


async def test_what_is_abandoned_before_its_call_was_never_claimed(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue, redis_url: str
) -> None:
    await bot_queue.accept(job(1), None)
    for _ in range(worker_side.MOST_CRASHES + 1):
        claim = claimed(worker_queue)
        worker_queue.begin(claim)
        worker_queue.abandon(claim)
        worker_queue.renew()
        assert not worker_queue.begin(claim)

    assert claimed(worker_queue).doubts == 0
    with worker_side.connect(redis_url) as client:
        assert client.hmget(job_key("1"), "attempts", "calls", "crashes") == [b"1", b"0", None]


async def test_what_runs_ends_though_redis_is_full(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue, redis_url: str
) -> None:
    await bot_queue.accept(job(1), None)
    with worker_side.connect(redis_url) as client:
        client.config_set("maxmemory", "1")
        try:
            claim = claimed(worker_queue)
            assert worker_queue.begin(claim)
            worker_queue.renew()
            worker_queue.sweep(catalogue)
            assert worker_queue.finish(claim, MADE, b"picture")
        finally:
            client.config_set("maxmemory", "0")

    assert await bot_queue.picture("1") == b"picture"


async def test_what_was_paid_for_is_kept_even_from_a_worker_that_lost_its_lease(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    slow = claimed(worker_queue)
    worker_queue.begin(slow)
    await let_the_lease_expire(worker_queue, catalogue)

    assert worker_queue.finish(slow, MADE, b"paid")

    assert worker_queue.claim(Lane.GENERATE) is None
    assert await bot_queue.picture("1") == b"paid"
    assert not worker_queue.finish(slow, MADE, b"again")
    assert len(await bot_queue.outcomes()) == 1


async def test_a_worker_that_lost_its_lease_ends_the_job_with_what_was_paid_for_alone(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue
) -> None:
    await bot_queue.accept(job(1, has_picture=True), b"upload")
    claim = claimed(worker_queue, Lane.PREPARE)
    worker_queue.abandon(claim)
    worker_queue.renew()
    worker_queue.promote(claimed(worker_queue, Lane.PREPARE), b"prepared")

    assert not worker_queue.finish(claim, Failed(problem=problem("no_longer_kept")))

    assert worker_queue.begin(claimed(worker_queue))


async def test_a_released_job_waits_its_time_and_throttling_slows_every_worker(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    await bot_queue.accept(job(1), None)
    await bot_queue.accept(job(2, user=2), None)

    assert worker_queue.release(claimed(worker_queue), after=0.2, doubt=False, throttled=True)
    assert worker_queue.claim(Lane.GENERATE) is None

    await asyncio.sleep(0.6)
    worker_queue.sweep(catalogue)
    assert worker_queue.claim(Lane.GENERATE) is not None
    assert worker_queue.claim(Lane.GENERATE) is None, "the pace lets one call start every half second"


async def test_a_model_that_is_switched_off_ends_its_waiting_jobs_and_refuses_new_ones(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    gone = problem("model_gone", model="SD 3.5 Large")
    await bot_queue.accept(job(1), None)

    worker_queue.switch_off("sd3.5-large", gone)
    worker_queue.sweep(catalogue)

    with pytest.raises(Refused) as refused:
        await bot_queue.accept(job(2), None)
    assert refused.value.problems == (gone,)
    [delivery] = await bot_queue.outcomes()
    [standing] = await bot_queue.standings([delivery.job_id])
    assert standing.outcome == Failed(problem=gone)


async def test_a_model_that_is_switched_off_ends_also_what_is_parked_or_told_to_wait(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    for number in range(1, 5):
        await bot_queue.accept(job(number), None)
    running = [claimed(worker_queue) for _ in range(2)]
    assert worker_queue.claim(Lane.GENERATE) is None
    worker_queue.release(running[0], after=60, doubt=False, throttled=False)

    worker_queue.switch_off("sd3.5-large", problem("model_gone", model="SD 3.5 Large"))
    worker_queue.sweep(catalogue)

    assert {delivery.job_id for delivery in await bot_queue.outcomes()} == {"1", "3", "4"}


async def test_the_models_own_limit_holds_over_all_workers(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue
) -> None:
    narrow = catalogue.models["sd3.5-large"].model_copy(update={"concurrency": 1})
    worker_queue.sweep([narrow])
    await bot_queue.accept(job(1, user=1), None)
    await bot_queue.accept(job(2, user=2), None)

    first = claimed(worker_queue)
    assert worker_queue.claim(Lane.GENERATE) is None
    worker_queue.finish(first, MADE, b"p")
    assert claimed(worker_queue).job.id == "2"


async def test_an_end_sends_a_ticket_for_a_job_that_waits_without_one_and_no_other(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, tickets: Tickets
) -> None:
    for number in range(1, 4):
        await bot_queue.accept(job(number, user=number), None)
    first, second = claimed(worker_queue), claimed(worker_queue)
    await asyncio.sleep(0)
    tickets.sent.clear()

    worker_queue._client.lpush(ticket_list(GENERATE), "the third job's")
    worker_queue.finish(first, MADE, b"picture")
    assert tickets.sent == []

    worker_queue._client.delete(ticket_list(GENERATE))
    worker_queue.finish(second, MADE, b"picture")
    assert tickets.sent == [GENERATE]


async def test_the_sweep_sends_the_tickets_that_were_lost(
    bot_queue: bot_side.RedisQueue, worker_queue: worker_side.RedisQueue, catalogue: Catalogue, tickets: Tickets
) -> None:
    await bot_queue.accept(job(1), None)
    await bot_queue.accept(job(2, user=2, has_picture=True), b"upload")
    tickets.sent.clear()

    worker_queue.sweep(catalogue)

    assert sorted(tickets.sent) == [GENERATE, PREPARE]


async def test_outcomes_that_were_read_and_never_acknowledged_come_first_after_a_restart(
    bot_queue: bot_side.RedisQueue,
    worker_queue: worker_side.RedisQueue,
    redis_url: str,
    catalogue: Catalogue,
    tickets: Tickets,
) -> None:
    for number in (1, 2):
        await bot_queue.accept(job(number, user=number), None)
        worker_queue.finish(claimed(worker_queue), MADE, b"p")
    read = await bot_queue.outcomes()

    restarted = bot_side.RedisQueue(
        bot_side.connect(redis_url), catalogue=catalogue, ticket=tickets.from_bot, max_waiting=9, max_running=1
    )
    await restarted.start()

    assert await restarted.outcomes() == read
    assert await restarted.outcomes() == []
    await restarted.close()


async def test_a_full_redis_refuses_new_requests_in_words(bot_queue: bot_side.RedisQueue, redis_url: str) -> None:
    client = worker_side.connect(redis_url)
    client.config_set("maxmemory", "8mb")
    try:
        with pytest.raises(Refused) as refused:
            await bot_queue.accept(job(1, has_picture=True), b"x" * 8_000_000)
    finally:
        client.config_set("maxmemory", "0")
        client.close()

    assert refused.value.problems == (problem("no_room"),)
    assert await bot_queue.open_jobs() == []


async def test_a_job_that_a_frozen_queue_takes_unheard_is_there_when_it_goes_on(
    redis_server: RedisServer, redis_url: str, catalogue: Catalogue, tickets: Tickets
) -> None:
    impatient = Redis.from_url(redis_url, socket_timeout=0.3, retry=Retry(NoBackoff(), retries=1))
    queue = bot_side.RedisQueue(impatient, catalogue=catalogue, ticket=tickets.from_bot)
    await queue.start()

    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unheard):
            await queue.accept(job(1), None)
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)

    assert [standing.job.id for standing in await queue.standings(["1"])] == ["1"]
    await queue.close()


async def test_of_a_queue_that_is_away_nobody_knows_whether_it_took_a_job(
    catalogue: Catalogue, tickets: Tickets
) -> None:
    away = bot_side.RedisQueue(
        bot_side.connect("redis://127.0.0.1:1/0"),
        catalogue=catalogue,
        ticket=tickets.from_bot,
        max_waiting=1,
        max_running=1,
    )

    with pytest.raises(Unheard):
        await away.accept(job(1), None)

    await away.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.integers(min_value=1, max_value=4), min_size=1, max_size=24))
def test_whoever_still_waits_has_had_as_many_turns_as_anybody_but_one(
    redis_url: str, catalogue: Catalogue, tickets: Tickets, asked: list[int]
) -> None:
    """`asked` is who asks, in order; all ask before the first is served."""
    client = worker_side.connect(redis_url)
    client.flushall()
    serving = worker_side.RedisQueue(client, tickets.from_worker)

    async def ask() -> None:
        asking = bot_side.RedisQueue(
            bot_side.connect(redis_url), catalogue=catalogue, ticket=tickets.from_bot, max_running=99
        )
        for number, user in enumerate(asked):
            await asking.accept(job(number, user), None)
        await asking.close()

    asyncio.run(ask())
    turns: Counter[int] = Counter()
    waiting = Counter(asked)
    while claim := serving.claim(Lane.GENERATE):
        user = claim.job.requester.id
        turns[user] += 1
        waiting[user] -= 1
        assert all(turns[user] - turns[other] <= 1 for other, left in waiting.items() if left and other != user)
    assert turns == Counter(asked)
    client.close()

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

from bot.domain.errors import QueueResultUnknownError
from bot.domain.status import QueueState
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.outcomes import RedisOutcomeStream
from demo.redis import RedisServer
from shared.catalogue import Catalogue
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from shared.queue.chunks import CHUNK_BYTES
from shared.queue.keys import job_key, pace_key, ticket_list_key
from shared.queue.stages import Stage
from tests.support.redis_queue import (
    GENERATED,
    LEASE_SECONDS,
    RecordedTickets,
    claim_job,
    make_job,
    renew_beyond_lease,
    wait_for_lease_expiry,
)
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.dead_letters import DeadLetterQueue
from worker.queue.job_queue import MAX_CRASHES
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.replies import RetryResult


async def test_a_job_goes_from_upload_to_outcome_and_its_bytes_are_freed(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, tickets: RecordedTickets
) -> None:
    upload, prepared = b"upload" * CHUNK_BYTES, b"prepared" * (CHUNK_BYTES // 3)
    assert await bot_queue.enqueue_job(make_job(1, has_picture=True), upload)

    preparing = claim_job(worker_queue, Stage.PREPARE)
    assert worker_queue.fetch_upload("1") == upload
    assert worker_queue.promote(preparing, prepared)
    assert worker_queue.fetch_upload("1") is None

    generating = claim_job(worker_queue)
    assert generating.job == make_job(1, has_picture=True).model_copy(
        update={"accepted_at": generating.job.accepted_at}
    )
    assert worker_queue.fetch_prepared("1") == await bot_queue.load_prepared_image("1") == prepared
    assert worker_queue.start_call(generating)
    assert worker_queue.finish(generating, GENERATED, b"picture")

    [delivery] = await outcomes.read_outcomes()
    [standing] = await bot_queue.load_statuses([delivery.job_id])
    assert standing.outcome == GENERATED
    assert await outcomes.load_result_image("1") == b"picture"
    await outcomes.acknowledge_outcome(delivery, 99)
    assert await outcomes.load_result_image("1") is None
    assert worker_queue.fetch_prepared("1") is None
    assert await bot_queue.list_open_jobs() == []
    assert sorted(tickets.sent) == [Stage.GENERATE, Stage.PREPARE]


async def test_the_same_interaction_is_the_same_job(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue) -> None:
    assert await bot_queue.enqueue_job(make_job(1), None)
    assert not await bot_queue.enqueue_job(make_job(1), None)

    claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None


async def test_one_who_asks_for_one_does_not_wait_behind_one_who_asks_for_many(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    for number in range(40):
        await bot_queue.enqueue_job(make_job(number, user=1), None)
    for user in range(2, 12):
        await bot_queue.enqueue_job(make_job(100 + user, user=user), None)

    order = []
    for _ in range(50):
        claim = claim_job(worker_queue)
        order.append(claim.job.requester.id)
        worker_queue.finish(claim, GENERATED, b"p")

    assert set(order[:12]) >= set(range(2, 12))
    assert Counter(order)[1] == 40


async def test_nobody_runs_more_than_their_share_and_what_was_parked_comes_back(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    for number in range(5):
        await bot_queue.enqueue_job(make_job(number, user=1), None)

    first, second = claim_job(worker_queue), claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None

    worker_queue.finish(first, GENERATED, b"p")
    third = claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    worker_queue.finish(second, GENERATED, b"p")
    worker_queue.finish(third, GENERATED, b"p")
    assert {claim_job(worker_queue).job.id, claim_job(worker_queue).job.id} == {"3", "4"}


async def test_the_position_counts_who_goes_first(bot_queue: BotJobQueue, worker_queue: WorkerJobQueue) -> None:
    await bot_queue.enqueue_job(make_job(1, user=1), None)
    await bot_queue.enqueue_job(make_job(2, user=1), None)
    await bot_queue.enqueue_job(make_job(3, user=2), None)

    positions = {s.job.id: s.position for s in await bot_queue.load_statuses(["1", "2", "3", "404"])}
    assert positions["2"] == 3
    assert set(positions) == {"1", "2", "3"}

    claim_job(worker_queue)
    claim_job(worker_queue)
    [last] = await bot_queue.load_statuses(["2"])
    assert last.position == 1
    assert last.state is QueueState.QUEUED


async def test_too_many_waiting_jobs_are_refused_with_the_limit(bot_queue: BotJobQueue) -> None:
    for number in range(50):
        await bot_queue.enqueue_job(make_job(number), None)

    with pytest.raises(RejectedError) as refused:
        await bot_queue.enqueue_job(make_job(51), None)

    assert refused.value.problems[0] == make_problem("too_many_waiting", count=50, limit=50)


async def test_an_expired_lease_before_the_call_brings_the_job_back(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    lost = claim_job(worker_queue)

    await wait_for_lease_expiry(worker_queue, catalogue)

    assert not worker_queue.start_call(lost)
    again = claim_job(worker_queue)
    assert (again.job.id, again.unknown_calls) == ("1", 0)


async def test_a_job_whose_worker_dies_before_every_call_is_given_up(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    for _ in range(MAX_CRASHES):
        claim_job(worker_queue)
        await wait_for_lease_expiry(worker_queue, catalogue)

    [delivery] = await outcomes.read_outcomes()
    [standing] = await bot_queue.load_statuses([delivery.job_id])
    assert standing.outcome == Failed(problem=make_problem("gave_up", count=MAX_CRASHES))


async def test_a_call_of_unknown_fate_is_repeated_once_and_then_failed(
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
    [delivery] = await outcomes.read_outcomes()
    [standing] = await bot_queue.load_statuses([delivery.job_id])
    assert standing.outcome == Failed(problem=make_problem("lost"))


async def test_what_died_during_its_calls_is_set_aside_and_retried_with_its_prepared_picture(
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
        assert (letter.job.id, letter.stage, letter.calls, letter.picture_bytes) == (
            "1",
            Stage.GENERATE,
            2,
            len(prepared),
        )
        assert letters.fetch_picture("1") == prepared
        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.NOT_DELIVERED

        [delivery] = await outcomes.read_outcomes()
        await outcomes.acknowledge_outcome(delivery, 99)
        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.QUEUED
        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.NOT_FOUND
        assert letters.list_letters() == []

    again = claim_job(worker_queue)
    assert (again.job.id, again.unknown_calls) == ("1-r1", 0)
    assert worker_queue.fetch_prepared("1-r1") == prepared


async def test_refusals_of_the_same_second_slow_the_pace_once_and_successes_restore_it(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    for number in range(4):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    claims = [claim_job(worker_queue) for _ in range(4)]
    with connect_worker(redis_url) as client:
        for claim in claims[:3]:
            worker_queue.release(claim, delay_seconds=1, is_unknown_call=False, is_throttled=True)
        assert client.hget(pace_key("sd3.5-large"), "interval_ms") == b"500"

        worker_queue.finish(claims[3], GENERATED, b"p")
        assert client.hget(pace_key("sd3.5-large"), "interval_ms") == b"300"


async def test_a_renewed_lease_does_not_expire(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    await renew_beyond_lease(worker_queue, catalogue)

    assert worker_queue.start_call(claim)


async def test_after_a_server_was_away_every_worker_gets_the_time_to_renew(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    claim = claim_job(worker_queue)
    worker_queue.sweep(catalogue)
    await asyncio.sleep(LEASE_SECONDS * 1.5)

    worker_queue.sweep(catalogue)
    await renew_beyond_lease(worker_queue, catalogue)

    assert worker_queue.start_call(claim), "a sweep that came before the renewal took nothing away"


async def test_a_claim_asked_for_twice_with_one_token_is_one_job(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, user=2), None)

    first, second = (worker_queue._claim(Stage.GENERATE, "token").job_id for _ in range(2))

    assert first == second
    assert claim_job(worker_queue).job.id == "2"


async def test_what_is_abandoned_before_its_call_was_never_claimed(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue, redis_url: str
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
        assert client.hmget(job_key("1"), "claims", "calls", "crashes") == [b"1", b"0", None]


async def test_what_runs_ends_though_redis_is_full(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    catalogue: Catalogue,
    redis_url: str,
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    with connect_worker(redis_url) as client:
        client.config_set("maxmemory", "1")
        try:
            claim = claim_job(worker_queue)
            assert worker_queue.start_call(claim)
            worker_queue.renew_leases()
            worker_queue.sweep(catalogue)
            assert worker_queue.finish(claim, GENERATED, b"picture")
        finally:
            client.config_set("maxmemory", "0")

    assert await outcomes.load_result_image("1") == b"picture"


async def test_what_was_paid_for_is_kept_even_from_a_worker_that_lost_its_lease(
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


async def test_a_worker_that_lost_its_lease_ends_the_job_with_what_was_paid_for_alone(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"upload")
    claim = claim_job(worker_queue, Stage.PREPARE)
    worker_queue.return_claim(claim)
    worker_queue.renew_leases()
    worker_queue.promote(claim_job(worker_queue, Stage.PREPARE), b"prepared")

    assert not worker_queue.finish(claim, Failed(problem=make_problem("no_longer_kept")))

    assert worker_queue.start_call(claim_job(worker_queue))


async def test_a_released_job_waits_its_time_and_throttling_slows_every_worker(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, user=2), None)

    assert worker_queue.release(claim_job(worker_queue), delay_seconds=0.2, is_unknown_call=False, is_throttled=True)
    assert worker_queue.claim(Stage.GENERATE) is None

    await asyncio.sleep(0.6)
    worker_queue.sweep(catalogue)
    assert worker_queue.claim(Stage.GENERATE) is not None
    assert worker_queue.claim(Stage.GENERATE) is None, "the pace lets one call start every half second"


async def test_a_model_that_is_switched_off_ends_its_waiting_jobs_and_refuses_new_ones(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    gone = make_problem("model_gone", model="SD 3.5 Large")
    await bot_queue.enqueue_job(make_job(1), None)

    worker_queue.disable_model("sd3.5-large", gone)
    worker_queue.sweep(catalogue)

    with pytest.raises(RejectedError) as refused:
        await bot_queue.enqueue_job(make_job(2), None)
    assert refused.value.problems == (gone,)
    [delivery] = await outcomes.read_outcomes()
    [standing] = await bot_queue.load_statuses([delivery.job_id])
    assert standing.outcome == Failed(problem=gone)


async def test_a_model_that_is_switched_off_ends_also_what_is_parked_or_told_to_wait(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    for number in range(1, 5):
        await bot_queue.enqueue_job(make_job(number), None)
    running = [claim_job(worker_queue) for _ in range(2)]
    assert worker_queue.claim(Stage.GENERATE) is None
    worker_queue.release(running[0], delay_seconds=60, is_unknown_call=False, is_throttled=False)

    worker_queue.disable_model("sd3.5-large", make_problem("model_gone", model="SD 3.5 Large"))
    worker_queue.sweep(catalogue)

    assert {delivery.job_id for delivery in await outcomes.read_outcomes()} == {"1", "3", "4"}


async def test_the_models_own_limit_holds_over_all_workers(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    narrow = catalogue.models["sd3.5-large"].model_copy(update={"concurrency": 1})
    worker_queue.sweep([narrow])
    await bot_queue.enqueue_job(make_job(1, user=1), None)
    await bot_queue.enqueue_job(make_job(2, user=2), None)

    first = claim_job(worker_queue)
    assert worker_queue.claim(Stage.GENERATE) is None
    worker_queue.finish(first, GENERATED, b"p")
    assert claim_job(worker_queue).job.id == "2"


async def test_an_end_sends_a_ticket_for_a_job_that_waits_without_one_and_no_other(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, tickets: RecordedTickets
) -> None:
    for number in range(1, 4):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    first, second = claim_job(worker_queue), claim_job(worker_queue)
    await asyncio.sleep(0)
    tickets.sent.clear()

    worker_queue._client.lpush(ticket_list_key(Stage.GENERATE), "the third job's")
    worker_queue.finish(first, GENERATED, b"picture")
    assert tickets.sent == []

    worker_queue._client.delete(ticket_list_key(Stage.GENERATE))
    worker_queue.finish(second, GENERATED, b"picture")
    assert tickets.sent == [Stage.GENERATE]


async def test_the_sweep_sends_the_tickets_that_were_lost(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    catalogue: Catalogue,
    tickets: RecordedTickets,
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    await bot_queue.enqueue_job(make_job(2, user=2, has_picture=True), b"upload")
    tickets.sent.clear()

    worker_queue.sweep(catalogue)

    assert sorted(tickets.sent) == [Stage.GENERATE, Stage.PREPARE]


async def test_outcomes_that_were_read_and_never_acknowledged_come_first_after_a_restart(
    bot_queue: BotJobQueue,
    outcomes: RedisOutcomeStream,
    worker_queue: WorkerJobQueue,
    redis_url: str,
    catalogue: Catalogue,
    tickets: RecordedTickets,
) -> None:
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
        worker_queue.finish(claim_job(worker_queue), GENERATED, b"p")
    read = await outcomes.read_outcomes()

    restarted = RedisOutcomeStream(connect_bot(redis_url), catalogue)
    await restarted.start()

    assert await restarted.read_outcomes() == read
    assert await restarted.read_outcomes() == []
    await restarted.close()


async def test_a_full_redis_refuses_new_requests_in_words(bot_queue: BotJobQueue, redis_url: str) -> None:
    client = connect_worker(redis_url)
    client.config_set("maxmemory", "8mb")
    try:
        with pytest.raises(RejectedError) as refused:
            await bot_queue.enqueue_job(make_job(1, has_picture=True), b"x" * 8_000_000)
    finally:
        client.config_set("maxmemory", "0")
        client.close()

    assert refused.value.problems == (make_problem("no_room"),)
    assert await bot_queue.list_open_jobs() == []


async def test_a_job_that_a_frozen_queue_takes_unheard_is_there_when_it_goes_on(
    redis_server: RedisServer, redis_url: str, catalogue: Catalogue, tickets: RecordedTickets
) -> None:
    impatient = Redis.from_url(redis_url, socket_timeout=0.3, retry=Retry(NoBackoff(), retries=1))
    queue = BotJobQueue(impatient, catalogue=catalogue, build_ticket=tickets.send_from_bot)
    await impatient.ping()

    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(QueueResultUnknownError):
            await queue.enqueue_job(make_job(1), None)
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)

    assert [standing.job.id for standing in await queue.load_statuses(["1"])] == ["1"]
    await queue.close()


async def test_of_a_queue_that_is_away_nobody_knows_whether_it_took_a_job(
    catalogue: Catalogue, tickets: RecordedTickets
) -> None:
    away = BotJobQueue(
        connect_bot("redis://127.0.0.1:1/0"),
        catalogue=catalogue,
        build_ticket=tickets.send_from_bot,
    )

    with pytest.raises(QueueResultUnknownError):
        await away.enqueue_job(make_job(1), None)

    await away.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.integers(min_value=1, max_value=4), min_size=1, max_size=24))
def test_whoever_still_waits_has_been_served_as_often_as_anybody_but_once(
    redis_url: str, catalogue: Catalogue, tickets: RecordedTickets, asked: list[int]
) -> None:
    """`asked` is who asks, in order; all ask before the first is served."""
    client = connect_worker(redis_url)
    client.flushall()
    serving = WorkerJobQueue(client, tickets.send_from_worker)

    async def ask() -> None:
        asking = BotJobQueue(
            connect_bot(redis_url),
            catalogue=catalogue,
            build_ticket=tickets.send_from_bot,
            limits=Limits(user=ScopeLimits(max_running=99)),
        )
        for number, user in enumerate(asked):
            await asking.enqueue_job(make_job(number, user), None)
        await asking.close()

    asyncio.run(ask())
    turns: Counter[int] = Counter()
    waiting = Counter(asked)
    while claim := serving.claim(Stage.GENERATE):
        user = claim.job.requester.id
        turns[user] += 1
        waiting[user] -= 1
        assert all(turns[user] - turns[other] <= 1 for other, left in waiting.items() if left and other != user)
    assert turns == Counter(asked)
    client.close()

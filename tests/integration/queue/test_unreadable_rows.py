"""Rows in Redis are read one by one: one that this release cannot read is set aside, and all others go on."""

import json
import logging
from typing import Any

import pytest
import redis

from bot.domain.draft import Draft
from bot.domain.search import SearchQuery
from bot.domain.status import QueueState
from bot.queue.drafts import RedisDraftStore
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from bot.queue.saved_searches import RedisSavedSearchStore
from shared.problems import RejectedError
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.support.redis_queue import GENERATED, claim_job, make_job
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.dead_letters import DeadLetter, DeadLetterQueue, UnreadableLetter
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue
from worker.queue.replies import RetryResult

ODD_CHANGES: tuple[dict[str, Any] | None, ...] = (
    {"source_kind": "of a newer release"},
    {"request": {"prompt": "of a newer major release"}},
    None,  # no JSON
)


def change_job(redis_url: str, job_id: str, changes: dict[str, Any] | None) -> bytes:
    """Store a job as another release would, or as no JSON at all; return it as it was."""
    with redis.Redis.from_url(redis_url) as client:
        before: Any = client.hget(DEFAULT_KEYS.job_key(job_id), "job")
        after = b"{" if changes is None else json.dumps(json.loads(before) | changes).encode()
        client.hset(DEFAULT_KEYS.job_key(job_id), "job", after)
    return bytes(before)


def change_request(redis_url: str, job_id: str, **fields: Any) -> None:
    with redis.Redis.from_url(redis_url) as client:
        job: Any = json.loads(client.hget(DEFAULT_KEYS.job_key(job_id), "job") or b"")
        job["request"] |= fields
        client.hset(DEFAULT_KEYS.job_key(job_id), "job", json.dumps(job))


async def test_a_field_that_this_release_does_not_know_is_ignored(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    change_request(redis_url, "1", tiling=True)
    change_job(redis_url, "1", {"team_id": 7})

    [status] = await bot_queue.load_statuses(["1"])

    assert status.job.request == claim_job(worker_queue).job.request == make_job(1).request


@pytest.mark.parametrize("changes", ODD_CHANGES)
@pytest.mark.parametrize("stage", Stage)
async def test_a_worker_sets_an_unreadable_job_aside_and_takes_the_next_one(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    redis_url: str,
    changes: dict[str, Any] | None,
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    has_picture = stage is Stage.PREPARE
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, number, has_picture=has_picture), b"upload" * has_picture or None)
    before = change_job(redis_url, "1", changes)

    assert claim_job(worker_queue, stage).job.id == "2"

    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    assert "job 1 cannot be read by this release" in caplog.text
    with connect_worker(redis_url) as client:
        assert client.hget(DEFAULT_KEYS.job_key("1"), "state") == b"finished"
        letters = DeadLetterQueue(client)
        [letter] = letters.list_letters()
        assert isinstance(letter, UnreadableLetter)
        assert letters.fetch_picture("1") == (b"upload" if has_picture else None)

        client.hset(f"{DEFAULT_KEYS.prefix}dead_letter:1", "job", before)  # as a release reads it that knows the field
        [letter] = letters.list_letters()
        assert isinstance(letter, DeadLetter)
        assert (letter.stage, letter.outcome.problem.code) == (stage, "unreadable")


async def test_a_dead_letter_whose_picture_another_release_stored_is_listed_and_can_be_deleted(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, number), None)
        change_job(redis_url, str(number), None)
    assert worker_queue.claim(Stage.GENERATE) is None
    with connect_worker(redis_url) as client:
        client.set(DEFAULT_KEYS.dead_letter_picture_key("1"), b"a reference of the next release")
        letters = DeadLetterQueue(client)

        assert [isinstance(letter, UnreadableLetter) for letter in letters.list_letters()] == [True, True]
        assert letters.delete_letter("1")

        assert [letter.job_id for letter in letters.list_letters() if isinstance(letter, UnreadableLetter)] == ["2"]


async def test_a_retried_dead_letter_keeps_the_fields_of_another_release(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    await bot_queue.enqueue_job(make_job(1), None)
    before = change_job(redis_url, "1", None)
    assert worker_queue.claim(Stage.GENERATE) is None
    with connect_worker(redis_url) as client:
        client.hset(f"{DEFAULT_KEYS.prefix}dead_letter:1", "job", json.dumps(json.loads(before) | {"team_id": 7}))
        client.hset(DEFAULT_KEYS.job_key("1"), "state", "delivered")
        letters = DeadLetterQueue(client)
        [letter] = letters.list_letters()
        assert isinstance(letter, DeadLetter)

        assert letters.retry_letter(letter, "1-r1", 60) is RetryResult.QUEUED

        retried: Any = client.hget(DEFAULT_KEYS.job_key("1-r1"), "job")
    assert (json.loads(retried)["id"], json.loads(retried)["team_id"]) == ("1-r1", 7)


@pytest.mark.parametrize("changes", ODD_CHANGES)
async def test_the_bot_reads_the_status_of_all_other_jobs(
    bot_queue: BotJobQueue, redis_url: str, changes: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2, 3):
        await bot_queue.enqueue_job(make_job(number), None)
    change_job(redis_url, "2", changes)

    for _ in range(2):
        statuses = await bot_queue.load_statuses(["1", "2", "3"])
    of_tenant, unreadable_count = await bot_queue.list_tenant_jobs("user-1")
    [unreadable] = await bot_queue.load_unreadable_jobs(["1", "2", "3", "404"])

    assert [status.job.id for status in statuses] == [status.job.id for status in of_tenant] == ["1", "3"]
    assert unreadable_count == 1
    assert (unreadable.job_id, unreadable.state, unreadable.job) == ("2", QueueState.QUEUED, None)
    assert (unreadable.owner is None) == (changes is None)
    assert caplog.text.count("job 2 cannot be read by this release") == 1
    assert "a castle" not in caplog.text


async def test_an_outcome_or_a_state_of_another_release_leaves_the_job_readable(
    bot_queue: BotJobQueue, redis_url: str
) -> None:
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number), None)
    with redis.Redis.from_url(redis_url) as client:
        client.hset(DEFAULT_KEYS.job_key("1"), "outcome", '{"kind": "animated"}')
        client.hset(DEFAULT_KEYS.job_key("2"), "state", "reviewing")

    first, second = await bot_queue.load_unreadable_jobs(["1", "2"])

    assert first.job is not None
    assert (first.job.id, first.outcome, first.state) == ("1", None, QueueState.QUEUED)
    assert second.job is not None
    assert (second.job.id, second.state) == ("2", None)


async def test_an_entry_of_the_outcome_stream_that_names_no_job_is_left_and_the_others_are_read(
    bot_queue: BotJobQueue, outcomes: RedisOutcomeStream, worker_queue: WorkerJobQueue, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(40):  # more than a page
            client.xadd(DEFAULT_KEYS.outcome_stream, {"job": "of a newer major release"})
        client.xadd(DEFAULT_KEYS.outcome_stream, {"job_id": b"\xff"})
        await bot_queue.enqueue_job(make_job(1), None)
        worker_queue.finish(claim_job(worker_queue), GENERATED, b"picture")

        for _ in range(2):
            while not (read := await outcomes.read_outcomes()):
                pass
            assert [entry.job_id for entry in read] == ["1"]
            outcomes.release_outcome(read[0])
            outcomes.restart()

        assert client.xlen(DEFAULT_KEYS.outcome_stream) == 42


async def test_a_draft_and_a_search_of_another_release_have_expired_for_this_one(
    bot_queue: BotJobQueue, redis_url: str
) -> None:
    drafts, searches = RedisDraftStore(bot_queue._redis), RedisSavedSearchStore(bot_queue._redis)
    draft, query = Draft(user_id=1, images=()), SearchQuery(1, keywords="castle")
    await drafts.save_draft("17", draft)
    await searches.save_search("17", query)
    with redis.Redis.from_url(redis_url) as client:
        for name, value in (("18", '{"user_id": "Ada"}'), ("19", "{")):
            client.set(DEFAULT_KEYS.draft_key(name), value)
            client.hset(DEFAULT_KEYS.saved_searches_key(1), name, value)
        client.set(DEFAULT_KEYS.draft_key("20"), '{"user_id": 1, "images": [], "mood": "calm"}')
        client.hset(DEFAULT_KEYS.saved_searches_key(1), "20", '{"viewer_id": 1, "keywords": "castle", "mood": "calm"}')

    assert [await drafts.load_draft(name) for name in ("17", "18", "19", "20")] == [draft, None, None, draft]
    assert [await searches.load_search(name, 1) for name in ("17", "18", "19", "20")] == [query, None, None, query]


async def test_a_disabled_model_whose_reason_cannot_be_read_is_refused_in_words(
    bot_queue: BotJobQueue, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(DEFAULT_KEYS.disabled_model_key("sd3.5-large"), "{")

    with pytest.raises(RejectedError, match="unknown_problem"):
        await bot_queue.enqueue_job(make_job(1), None)

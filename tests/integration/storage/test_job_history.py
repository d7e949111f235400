"""Looking up past jobs, on SQLite, and on PostgreSQL where a server is installed."""

import hashlib

from bot.domain.messages import MessageRef
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.builders import GENERATED, NOON, SOURCE, make_finished_status, make_job

UPLOAD_SHA256 = hashlib.sha256(b"upload").hexdigest()


async def finish_job(job_store: SqlJobStore, number: int, *, thread_id: int = 7, at: float = NOON) -> str:
    job = make_job(number)
    await job_store.add_jobs([job], SOURCE)
    await job_store.mark_queued(job.id, UPLOAD_SHA256)
    await job_store.mark_delivered(make_finished_status(job, since=at), MessageRef(thread_id, number))
    return job.id


async def test_a_job_is_found_with_its_seed_its_message_and_its_source(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    await job_store.add_jobs([make_job(2)], SOURCE)
    await finish_job(job_store, 1)

    ended, still_open = await job_history.find_job(make_job(1).id), await job_history.find_job(make_job(2).id)

    assert ended is not None
    assert (ended.job, ended.outcome_kind, ended.seed, ended.source_sha256) == (
        make_job(1),
        "generated",
        GENERATED.seed,
        UPLOAD_SHA256,
    )
    assert ended.message == MessageRef(7, 1, is_private=True)
    assert still_open is not None
    assert (still_open.outcome_kind, still_open.message) == (None, None)
    assert await job_history.find_jobs([make_job(2).id, "17", make_job(1).id]) == {
        make_job(1).id: ended,
        make_job(2).id: still_open,
    }
    assert await job_history.find_jobs([]) == {}
    assert await job_history.find_job("17") is None
    assert [await job_history.find_job(typed) for typed in ("a castle", "17\0", "\ud800", "")] == [None] * 4


async def test_a_cancelled_job_is_distinguished_from_a_failed_one(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    for number, problem in ((1, make_problem("cancelled", name="Ada")), (2, make_problem("interrupted"))):
        await job_store.add_jobs([make_job(number)], SOURCE)
        await job_store.mark_delivered(
            make_finished_status(make_job(number), Failed(problem=problem)), MessageRef(7, number)
        )

    records = [await job_history.find_job(make_job(number).id) for number in (1, 2)]

    assert [record and record.missing_image_reason for record in records] == ["cancelled", "failed"]


async def test_the_latest_result_of_a_thread_is_the_newest_that_was_not_deleted(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    await finish_job(job_store, 1, at=NOON + 1)
    await finish_job(job_store, 2, at=NOON + 2)
    await finish_job(job_store, 3, thread_id=8, at=NOON + 3)

    before = await job_history.find_latest_result(7)
    await job_history.mark_result_deleted(make_job(2).id)
    after = await job_history.find_latest_result(7)

    assert before is not None
    assert before.job.id == make_job(2).id
    assert after is not None
    assert after.job.id == make_job(1).id


async def test_a_person_has_a_result_until_the_last_one_was_deleted(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    person = make_job(1).requester.id
    failed = make_finished_status(make_job(1), Failed(problem=make_problem("interrupted")))
    await job_store.add_jobs([make_job(1)], SOURCE)
    await job_store.mark_delivered(failed, MessageRef(7, 1))
    without_picture = await job_history.has_result(person)
    await finish_job(job_store, 2)
    with_picture = await job_history.has_result(person)
    await job_history.mark_result_deleted(make_job(2).id)

    assert (without_picture, with_picture, await job_history.has_result(person)) == (False, True, False)
    assert not await job_history.has_result(person + 1)


async def test_the_results_of_a_thread_are_listed_newest_first_up_to_the_limit(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    for number in (1, 2, 3, 4):
        await finish_job(job_store, number, at=NOON + number)
    await finish_job(job_store, 5, thread_id=8)
    await job_history.mark_result_deleted(make_job(3).id)

    assert [record.job.id for record in await job_history.list_results(7, 9)] == [make_job(n).id for n in (4, 2, 1)]
    assert [record.job.id for record in await job_history.list_results(7, 2)] == [make_job(4).id, make_job(2).id]
    assert await job_history.list_results(9, 9) == []


async def test_the_first_job_of_a_thread_is_the_oldest_that_started_from_an_image_or_generated_one(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    text_job = make_job(1, has_picture=False)
    await job_store.add_jobs([text_job], None)
    await job_store.mark_delivered(
        make_finished_status(text_job, Failed(problem=make_problem("interrupted"))), MessageRef(7, 1)
    )
    assert await job_history.find_first_job(7) is None

    for number in (3, 2):
        await finish_job(job_store, number)

    first = await job_history.find_first_job(7)
    await job_history.mark_result_deleted(make_job(2).id)
    first_after_deletion = await job_history.find_first_job(7)

    assert first is not None
    assert (first.job.id, first.source_sha256) == (make_job(2).id, UPLOAD_SHA256)
    assert first_after_deletion is not None
    assert first_after_deletion.job.id == make_job(2).id, "its source image remains after its result was deleted"

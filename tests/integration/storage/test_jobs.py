"""Recording jobs, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
import logging
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.storage.engine import parse_database_url
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import jobs, metadata, outcomes, queue_entries
from shared.catalogue import Catalogue
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import RejectedError, make_problem
from tests.support.builders import EXPIRES_AT, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows


async def test_a_job_is_recorded_with_its_source_and_read_back_whole(job_store: SqlJobStore, database_url: str) -> None:
    assert await job_store.add_jobs([make_job(1)], SOURCE)

    (record,) = await job_store.list_open_records()
    assert (record.job, record.remote_image, record.is_queued, record.is_requeued) == (
        make_job(1),
        SOURCE,
        False,
        False,
    )
    (row,) = read_rows(database_url, jobs)
    assert row["source_expires_at"] == EXPIRES_AT
    assert (row["model"], row["requester_id"], row["channel_id"]) == ("sd3.5-large", 9_007_199_254_740_993, 2)


@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_connection_that_breaks_at_the_commit_leaves_no_doubt_whether_a_job_is_recorded(
    job_store: SqlJobStore, monkeypatch: pytest.MonkeyPatch, *, is_committed: bool
) -> None:
    database = job_store._database
    run_transaction = database.run_transaction

    async def break_connection(work: Any) -> Any:
        monkeypatch.setattr(database, "run_transaction", run_transaction)
        if is_committed:
            await run_transaction(work)
        raise OperationalError("COMMIT", None, ConnectionError(), connection_invalidated=True)

    await job_store.add_jobs([make_job(1)], SOURCE)  # its budgets have their counters then
    monkeypatch.setattr(database, "run_transaction", break_connection)

    if is_committed:
        assert await job_store.add_jobs([make_job(2)], SOURCE)
    else:
        with pytest.raises(RejectedError):
            await job_store.add_jobs([make_job(2)], SOURCE)
    assert len(await job_store.list_open_records()) == 1 + is_committed


async def test_the_same_job_is_recorded_once(job_store: SqlJobStore) -> None:
    answers = await asyncio.gather(*(job_store.add_jobs([make_job(1)], SOURCE) for _ in range(8)))

    assert sorted(answers) == [False] * 7 + [True]
    assert len(await job_store.list_open_records()) == 1


async def test_a_rejected_job_is_told_from_one_that_is_open_or_unknown(job_store: SqlJobStore) -> None:
    for number in (1, 2):
        await job_store.add_jobs([make_job(number)], SOURCE)
    await job_store.mark_rejected(make_job(1).id, make_problem("queue_full"))

    assert [await job_store.is_rejected(make_job(number).id) for number in (1, 2, 3)] == [True, False, False]


async def test_a_cancelled_write_is_complete_or_absent_and_blocks_no_other(job_store: SqlJobStore) -> None:
    abandoned = [asyncio.create_task(job_store.add_jobs([make_job(n)], SOURCE)) for n in range(8)]
    await asyncio.sleep(0.005)
    for task in abandoned:
        task.cancel()

    assert await job_store.add_jobs([make_job(9)], SOURCE)

    recorded = [record.job.id for record in await job_store.list_open_records()]
    assert recorded[-1] == make_job(9).id
    assert len(recorded) == len(set(recorded))


async def test_many_jobs_are_recorded_at_the_same_time(job_store: SqlJobStore) -> None:
    assert all(await asyncio.gather(*(job_store.add_jobs([make_job(n)], None) for n in range(40))))

    assert [record.job.id for record in await job_store.list_open_records()] == [make_job(n).id for n in range(40)]


async def test_a_queued_job_is_recorded_with_the_hash_of_its_upload(
    job_store: SqlJobStore, database_url: str, clock: Clock
) -> None:
    await job_store.add_jobs([make_job(1)], SOURCE)
    clock.now += 3

    await job_store.mark_queued(make_job(1).id, "ab" * 32)

    (record,) = await job_store.list_open_records()
    assert record.is_queued
    assert read_rows(database_url, jobs)[0]["source_sha256"] == "ab" * 32
    assert read_rows(database_url, queue_entries)[0]["queued_at"] == NOON + 3


async def test_a_rejected_job_is_closed_with_its_problem_and_without_the_url_of_its_image(
    job_store: SqlJobStore, database_url: str
) -> None:
    await job_store.add_jobs([make_job(1)], SOURCE)

    await job_store.mark_rejected(make_job(1).id, make_problem("queue_full"))

    assert await job_store.list_open_records() == []
    assert await job_store.load_closed_record(make_job(1).id) == ClosedRecord(None)
    (row,) = read_rows(database_url, jobs)
    assert (row["state"], row["rejection_code"], row["source_url"]) == ("rejected", "queue_full", None)


async def test_a_delivered_job_has_its_outcome_cost_counters_and_times(
    job_store: SqlJobStore, database_url: str, clock: Clock, catalogue: Catalogue
) -> None:
    await job_store.add_jobs([make_job(1)], SOURCE)
    await job_store.mark_queued(make_job(1).id, None)
    clock.now += 10

    await job_store.mark_delivered(
        make_finished_status(make_job(1), claims=4, calls=2, unknown_calls=1),
        MessageRef(make_job(1).origin.message_id, 55),
    )

    assert await job_store.list_open_records() == []
    assert await job_store.load_closed_record(make_job(1).id) == ClosedRecord(
        MessageRef(make_job(1).origin.message_id, 55)
    )
    (row,), (outcome,), (queue_entry,) = (read_rows(database_url, table) for table in (jobs, outcomes, queue_entries))
    assert (row["state"], row["finished_at"], row["delivered_at"]) == ("delivered", NOON + 9, NOON + 10)
    assert row["source_url"] is None
    assert (outcome["kind"], outcome["seed"], outcome["duration_seconds"]) == ("generated", 7, 2.5)
    assert outcome["cost_usd"] == catalogue.models["sd3.5-large"].price_usd > 0
    assert (queue_entry["claims"], queue_entry["calls"], queue_entry["unknown_calls"]) == (4, 2, 1)


OUTCOMES: tuple[tuple[Outcome | None, int, str, float | None], ...] = (  # unknown calls, kind, cost
    (Filtered(part=FilteredPart.PROMPT, duration_seconds=1), 0, "filtered", 0),
    (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), 0, "filtered", 0.08),
    (Failed(problem=make_problem("picture_truncated")), 0, "failed", 0),
    (Failed(problem=make_problem("interrupted")), 1, "failed", None),
    (Failed(problem=make_problem("result_unchecked"), may_be_billed=True), 0, "failed", None),
    (None, 0, "unknown", None),
)


async def test_the_cost_of_an_outcome_is_recorded_or_left_unknown(job_store: SqlJobStore, database_url: str) -> None:
    for number, (outcome, unknown_calls, _, _) in enumerate(OUTCOMES):
        await job_store.add_jobs([make_job(number)], None)
        await job_store.mark_delivered(
            make_finished_status(make_job(number), outcome, unknown_calls=unknown_calls), None
        )

    recorded = [(row["kind"], row["cost_usd"]) for row in read_rows(database_url, outcomes)]
    assert recorded == [(kind, cost) for _, _, kind, cost in OUTCOMES]


async def test_a_closed_record_is_not_changed(job_store: SqlJobStore, database_url: str) -> None:
    await job_store.add_jobs([make_job(1)], None)
    await job_store.mark_delivered(make_finished_status(make_job(1)), MessageRef(2, 55))

    await job_store.mark_delivered(make_finished_status(make_job(1), Failed(problem=make_problem("interrupted"))), None)
    await job_store.mark_rejected(make_job(1).id, make_problem("queue_full"))

    assert await job_store.load_closed_record(make_job(1).id) == ClosedRecord(MessageRef(2, 55))
    assert [row["kind"] for row in read_rows(database_url, outcomes)] == ["generated"]


async def test_a_private_message_is_recorded_as_private(job_store: SqlJobStore) -> None:
    await job_store.add_jobs([make_job(1)], None)

    await job_store.mark_delivered(make_finished_status(make_job(1)), MessageRef(999, 55, is_private=True))

    assert await job_store.load_closed_record(make_job(1).id) == ClosedRecord(MessageRef(999, 55, is_private=True))


async def test_a_job_is_requeued_once_and_its_counters_begin_again(job_store: SqlJobStore, database_url: str) -> None:
    await job_store.add_jobs([make_job(1)], None)
    await job_store.save_progress([make_finished_status(make_job(1), None, claims=1, calls=1)])

    granted = await asyncio.gather(*(job_store.mark_requeued(make_job(1).id) for _ in range(4)))
    await job_store.save_progress([make_finished_status(make_job(1), None, claims=2, calls=1, unknown_calls=1)])

    assert sorted(granted) == [False, False, False, True]
    (record,) = await job_store.list_open_records()
    assert (record.is_requeued, record.claims, record.calls, record.unknown_calls) == (True, 2, 1, 1)
    counters = {
        row["entry_number"]: (row["claims"], row["calls"], row["unknown_calls"])
        for row in read_rows(database_url, queue_entries)
    }
    assert counters == {1: (1, 1, 0), 2: (2, 1, 1)}


async def test_requeueing_can_be_undone(job_store: SqlJobStore) -> None:
    await job_store.add_jobs([make_job(1)], None)
    await job_store.mark_requeued(make_job(1).id)

    await job_store.unmark_requeued(make_job(1).id)

    assert not (await job_store.list_open_records())[0].is_requeued
    assert await job_store.mark_requeued(make_job(1).id)


async def test_a_retried_dead_letter_without_a_record_is_recorded_when_it_ends(
    job_store: SqlJobStore, database_url: str
) -> None:
    await job_store.mark_delivered(make_finished_status(make_job(1), claims=1, calls=1), MessageRef(2, 55))

    assert await job_store.load_closed_record(make_job(1).id) == ClosedRecord(MessageRef(2, 55))
    assert [row["kind"] for row in read_rows(database_url, outcomes)] == ["generated"]
    assert [row["calls"] for row in read_rows(database_url, queue_entries)] == [1]


async def test_an_unknown_job_has_no_closed_record(job_store: SqlJobStore) -> None:
    assert await job_store.load_closed_record("1") is None


async def test_a_database_that_fails_rejects_new_jobs_and_logs_no_secret(
    job_store: SqlJobStore, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await job_store.add_jobs([make_job(1)], SOURCE)
    _drop_tables(database_url)

    with caplog.at_level(logging.DEBUG), pytest.raises(RejectedError) as rejected:
        await job_store.add_jobs([make_job(2)], SOURCE)
    await job_store.mark_queued(make_job(1).id, None)
    await job_store.mark_delivered(make_finished_status(make_job(1)), None)

    assert [problem.code for problem in rejected.value.problems] == ["database_unavailable"]
    assert await job_store.load_closed_record(make_job(1).id) is None
    assert make_job(1).id in caplog.text
    assert "signature" not in caplog.text
    assert "castle" not in caplog.text


def _drop_tables(url: str) -> None:
    engine = create_engine(parse_database_url(url))
    with engine.begin() as connection:
        metadata.drop_all(connection)
    engine.dispose()


def test_the_url_of_an_image_is_not_part_of_its_repr() -> None:
    assert "signature" not in repr(SOURCE)

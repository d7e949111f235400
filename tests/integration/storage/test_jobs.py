"""What is written down, read back by SQL: on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
import logging

import pytest
from sqlalchemy import create_engine

from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.storage.database import parse_database_url
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import jobs, metadata, outcomes, queue_entries
from shared.catalogue import Catalogue
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import RejectedError, make_problem
from tests.support.builders import EXPIRES_AT, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows


async def test_a_job_is_written_with_its_source_and_read_back_whole(records: SqlJobStore, database_url: str) -> None:
    assert await records.add_job(make_job(1), SOURCE)

    (record,) = await records.list_open_records()
    assert (record.job, record.remote_image, record.is_queued, record.is_requeued) == (
        make_job(1),
        SOURCE,
        False,
        False,
    )
    (row,) = read_rows(database_url, jobs)
    assert row["source_expires_at"] == EXPIRES_AT
    assert (row["model"], row["requester_id"], row["channel_id"]) == ("sd3.5-large", 9_007_199_254_740_993, 2)


async def test_the_same_job_is_written_once(records: SqlJobStore) -> None:
    answers = await asyncio.gather(*(records.add_job(make_job(1), SOURCE) for _ in range(8)))

    assert sorted(answers) == [False] * 7 + [True]
    assert len(await records.list_open_records()) == 1


async def test_a_write_that_nobody_waits_for_any_more_is_whole_and_holds_up_no_other(records: SqlJobStore) -> None:
    abandoned = [asyncio.create_task(records.add_job(make_job(n), SOURCE)) for n in range(8)]
    await asyncio.sleep(0.005)
    for task in abandoned:
        task.cancel()

    assert await records.add_job(make_job(9), SOURCE)

    written = [record.job.id for record in await records.list_open_records()]
    assert written[-1] == make_job(9).id
    assert len(written) == len(set(written))


async def test_many_jobs_are_written_at_the_same_time(records: SqlJobStore) -> None:
    assert all(await asyncio.gather(*(records.add_job(make_job(n), None) for n in range(40))))

    assert [record.job.id for record in await records.list_open_records()] == [make_job(n).id for n in range(40)]


async def test_a_queued_job_keeps_its_pictures_hash(records: SqlJobStore, database_url: str, clock: Clock) -> None:
    await records.add_job(make_job(1), SOURCE)
    clock.now += 3

    await records.mark_queued(make_job(1).id, "ab" * 32)

    (record,) = await records.list_open_records()
    assert record.is_queued
    assert read_rows(database_url, jobs)[0]["source_sha256"] == "ab" * 32
    assert read_rows(database_url, queue_entries)[0]["queued_at"] == NOON + 3


async def test_a_refused_job_is_closed_with_its_reason_and_without_its_address(
    records: SqlJobStore, database_url: str
) -> None:
    await records.add_job(make_job(1), SOURCE)

    await records.mark_rejected(make_job(1).id, make_problem("no_room"))

    assert await records.list_open_records() == []
    assert await records.load_closed_record(make_job(1).id) == ClosedRecord(None)
    (row,) = read_rows(database_url, jobs)
    assert (row["state"], row["rejection_code"], row["source_url"]) == ("rejected", "no_room", None)


async def test_a_delivered_job_has_its_outcome_cost_attempts_and_times(
    records: SqlJobStore, database_url: str, clock: Clock, catalogue: Catalogue
) -> None:
    await records.add_job(make_job(1), SOURCE)
    await records.mark_queued(make_job(1).id, None)
    clock.now += 10

    await records.mark_delivered(
        make_finished_status(make_job(1), claims=4, calls=2, unknown_calls=1),
        MessageRef(make_job(1).origin.message_id, 55),
    )

    assert await records.list_open_records() == []
    assert await records.load_closed_record(make_job(1).id) == ClosedRecord(
        MessageRef(make_job(1).origin.message_id, 55)
    )
    (row,), (ending,), (attempt,) = (read_rows(database_url, table) for table in (jobs, outcomes, queue_entries))
    assert (row["state"], row["finished_at"], row["delivered_at"]) == ("delivered", NOON + 9, NOON + 10)
    assert row["source_url"] is None
    assert (ending["kind"], ending["seed"], ending["duration_seconds"]) == ("generated", 7, 2.5)
    assert ending["cost_usd"] == catalogue.models["sd3.5-large"].price_usd > 0
    assert (attempt["claims"], attempt["calls"], attempt["unknown_calls"]) == (4, 2, 1)


ENDINGS: tuple[tuple[Outcome | None, int, str, float | None], ...] = (
    (Filtered(part=FilteredPart.PROMPT, duration_seconds=1), 0, "filtered", 0),
    (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), 0, "filtered", 0.08),
    (Failed(problem=make_problem("picture_truncated")), 0, "failed", 0),
    (Failed(problem=make_problem("lost")), 1, "failed", None),
    (None, 0, "unknown", None),
)


async def test_what_an_ending_cost_is_known_or_left_open(records: SqlJobStore, database_url: str) -> None:
    for number, (outcome, doubts, _, _) in enumerate(ENDINGS):
        await records.add_job(make_job(number), None)
        await records.mark_delivered(make_finished_status(make_job(number), outcome, unknown_calls=doubts), None)

    written = [(row["kind"], row["cost_usd"]) for row in read_rows(database_url, outcomes)]
    assert written == [(kind, cost) for _, _, kind, cost in ENDINGS]


async def test_a_closed_record_stays_as_it_is(records: SqlJobStore, database_url: str) -> None:
    await records.add_job(make_job(1), None)
    await records.mark_delivered(make_finished_status(make_job(1)), MessageRef(2, 55))

    await records.mark_delivered(make_finished_status(make_job(1), Failed(problem=make_problem("lost"))), None)
    await records.mark_rejected(make_job(1).id, make_problem("no_room"))

    assert await records.load_closed_record(make_job(1).id) == ClosedRecord(MessageRef(2, 55))
    assert [ending["kind"] for ending in read_rows(database_url, outcomes)] == ["generated"]


async def test_an_answer_told_in_private_is_known_as_such(records: SqlJobStore) -> None:
    await records.add_job(make_job(1), None)

    await records.mark_delivered(make_finished_status(make_job(1)), MessageRef(999, 55, is_private=True))

    assert await records.load_closed_record(make_job(1).id) == ClosedRecord(MessageRef(999, 55, is_private=True))


async def test_a_repeat_is_granted_once_and_counted_apart(records: SqlJobStore, database_url: str) -> None:
    await records.add_job(make_job(1), None)
    await records.save_progress([make_finished_status(make_job(1), None, claims=1, calls=1)])

    granted = await asyncio.gather(*(records.mark_requeued(make_job(1).id) for _ in range(4)))
    await records.save_progress([make_finished_status(make_job(1), None, claims=2, calls=1, unknown_calls=1)])

    assert sorted(granted) == [False, False, False, True]
    (record,) = await records.list_open_records()
    assert (record.is_requeued, record.claims, record.calls, record.unknown_calls) == (True, 2, 1, 1)
    counted = {
        row["entry_number"]: (row["claims"], row["calls"], row["unknown_calls"])
        for row in read_rows(database_url, queue_entries)
    }
    assert counted == {1: (1, 1, 0), 2: (2, 1, 1)}


async def test_a_repeat_that_was_not_made_is_taken_back(records: SqlJobStore) -> None:
    await records.add_job(make_job(1), None)
    await records.mark_requeued(make_job(1).id)

    await records.unmark_requeued(make_job(1).id)

    assert not (await records.list_open_records())[0].is_requeued
    assert await records.mark_requeued(make_job(1).id)


async def test_a_job_that_the_operator_tried_again_is_written_when_it_ends(
    records: SqlJobStore, database_url: str
) -> None:
    await records.mark_delivered(make_finished_status(make_job(1), claims=1, calls=1), MessageRef(2, 55))

    assert await records.load_closed_record(make_job(1).id) == ClosedRecord(MessageRef(2, 55))
    assert [row["kind"] for row in read_rows(database_url, outcomes)] == ["generated"]
    assert [row["calls"] for row in read_rows(database_url, queue_entries)] == [1]


async def test_an_unknown_job_is_not_closed(records: SqlJobStore) -> None:
    assert await records.load_closed_record("1") is None


async def test_records_that_cannot_be_written_refuse_in_words_and_log_no_secret(
    records: SqlJobStore, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await records.add_job(make_job(1), SOURCE)
    _drop_tables(database_url)

    with caplog.at_level(logging.DEBUG), pytest.raises(RejectedError) as refused:
        await records.add_job(make_job(2), SOURCE)
    await records.mark_queued(make_job(1).id, None)
    await records.mark_delivered(make_finished_status(make_job(1)), None)

    assert [wrong.code for wrong in refused.value.problems] == ["records_unavailable"]
    assert await records.load_closed_record(make_job(1).id) is None
    assert make_job(1).id in caplog.text
    assert "signature" not in caplog.text
    assert "castle" not in caplog.text


def _drop_tables(url: str) -> None:
    engine = create_engine(parse_database_url(url))
    with engine.begin() as connection:
        metadata.drop_all(connection)
    engine.dispose()


def test_the_address_of_a_picture_is_not_shown() -> None:
    assert "signature" not in repr(SOURCE)

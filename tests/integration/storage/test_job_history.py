"""Looking back: jobs of the past, the pictures they started from, and what people and guilds chose."""

import asyncio
import hashlib

import pytest
from sqlalchemy import text

from bot.domain.images import StoredImage
from bot.domain.messages import MessageRef
from bot.domain.preferences import ButtonPolicy, Preferences
from bot.features.lineage.store import SqlLineageStore
from bot.storage.job_history import LAST_USED_PRECISION_SECONDS, SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.tables import source_images
from shared.outcome import Failed
from shared.problems import RejectedError, make_problem
from tests.support.builders import GENERATED, NOON, SOURCE, Clock, make_finished_status, make_job, read_rows

UPLOAD_SHA256 = hashlib.sha256(b"upload").hexdigest()


@pytest.fixture
def library(records: SqlJobStore, clock: Clock) -> SqlJobHistory:
    return SqlJobHistory(records.database, clock=clock)


@pytest.fixture
def people(records: SqlJobStore) -> SqlPreferencesStore:
    return SqlPreferencesStore(records.database)


async def finish_job(
    records: SqlJobStore, number: int, *, thread: int = 7, parent: str | None = None, at: float = NOON
) -> str:
    asked = make_job(number).model_copy(update={"parent_id": parent})
    await records.add_job(asked, SOURCE)
    await records.mark_queued(asked.id, UPLOAD_SHA256)
    await records.mark_delivered(make_finished_status(asked, since=at), MessageRef(thread, number))
    return asked.id


async def test_a_job_is_found_with_its_seed_its_answer_and_its_source(
    records: SqlJobStore, library: SqlJobHistory
) -> None:
    await records.add_job(make_job(2), SOURCE)
    await finish_job(records, 1)

    past, still_open = await library.find_job(make_job(1).id), await library.find_job(make_job(2).id)

    assert past is not None
    assert (past.job, past.outcome_kind, past.seed, past.source_sha256) == (
        make_job(1),
        "generated",
        GENERATED.seed,
        UPLOAD_SHA256,
    )
    assert past.message == MessageRef(7, 1, is_private=True)
    assert still_open is not None
    assert (still_open.outcome_kind, still_open.message) == (None, None)
    assert await library.find_job("17") is None


async def test_what_was_cancelled_is_told_from_what_failed(records: SqlJobStore, library: SqlJobHistory) -> None:
    for number, why in ((1, make_problem("cancelled", name="Ada")), (2, make_problem("lost"))):
        await records.add_job(make_job(number), SOURCE)
        await records.mark_delivered(make_finished_status(make_job(number), Failed(problem=why)), MessageRef(7, number))

    pasts = [await library.find_job(make_job(number).id) for number in (1, 2)]

    assert [past and past.missing_image_reason for past in pasts] == ["cancelled", "failed"]


async def test_the_latest_picture_of_a_thread_is_the_last_that_is_still_there(
    records: SqlJobStore, library: SqlJobHistory
) -> None:
    await finish_job(records, 1, at=NOON + 1)
    await finish_job(records, 2, at=NOON + 2)
    await finish_job(records, 3, thread=8, at=NOON + 3)

    before = await library.find_latest_result(7)
    await library.mark_result_deleted(make_job(2).id)
    after = await library.find_latest_result(7)

    assert before is not None
    assert before.job.id == make_job(2).id
    assert after is not None
    assert after.job.id == make_job(1).id


async def test_a_threads_pictures_are_listed_newest_first_and_no_further_than_asked(
    records: SqlJobStore, library: SqlJobHistory
) -> None:
    for number in (1, 2, 3, 4):
        await finish_job(records, number, at=NOON + number)
    await finish_job(records, 5, thread=8)
    await library.mark_result_deleted(make_job(3).id)

    assert [past.job.id for past in await library.list_results(7, 9)] == [make_job(n).id for n in (4, 2, 1)]
    assert [past.job.id for past in await library.list_results(7, 2)] == [make_job(4).id, make_job(2).id]
    assert await library.list_results(9, 9) == []


async def test_a_thread_began_with_the_first_job_that_has_to_do_with_a_picture(
    records: SqlJobStore, library: SqlJobHistory
) -> None:
    words = make_job(1, has_picture=False)
    await records.add_job(words, None)
    await records.mark_delivered(make_finished_status(words, Failed(problem=make_problem("lost"))), MessageRef(7, 1))
    assert await library.find_first_job(7) is None

    for number in (3, 2):
        await finish_job(records, number)

    began = await library.find_first_job(7)
    await library.mark_result_deleted(make_job(2).id)
    still = await library.find_first_job(7)

    assert began is not None
    assert (began.job.id, began.source_sha256) == (make_job(2).id, UPLOAD_SHA256)
    assert still is not None
    assert still.job.id == make_job(2).id, "what it started from is there, even where its result was deleted"


async def test_a_source_is_kept_once_for_all_jobs_of_one_upload_until_nobody_starts_from_it(
    database_url: str, records: SqlJobStore, library: SqlJobHistory, clock: Clock
) -> None:
    await finish_job(records, 1)
    await finish_job(records, 2)
    assert not await library.refresh_source_image(make_job(1).id)
    await library.save_source_image(make_job(1).id, b"as the model got it")
    await library.save_source_image(make_job(2).id, b"the same again")
    clock.now += LAST_USED_PRECISION_SECONDS
    assert await library.refresh_source_image(make_job(2).id)
    again = clock.now = clock.now + 1
    assert await library.refresh_source_image(make_job(2).id)

    assert await library.load_source_image(UPLOAD_SHA256) == StoredImage(UPLOAD_SHA256, b"as the model got it")
    assert [row["last_used_at"] for row in read_rows(database_url, source_images)] == [again]
    assert await library.delete_expired_images(before=again + LAST_USED_PRECISION_SECONDS) == 0
    assert await library.delete_expired_images(before=again + LAST_USED_PRECISION_SECONDS + 1) == 1
    assert await library.load_source_image(UPLOAD_SHA256) is None


async def test_a_job_that_starts_from_a_kept_picture_bears_its_hash_from_the_start(
    records: SqlJobStore, library: SqlJobHistory
) -> None:
    await records.add_job(make_job(1), StoredImage(UPLOAD_SHA256, b"x"))

    past = await library.find_job(make_job(1).id)
    (record,) = await records.list_open_records()

    assert past is not None
    assert (past.source_sha256, record.upload_sha256, record.remote_image) == (UPLOAD_SHA256, UPLOAD_SHA256, None)


async def test_a_parent_that_the_records_do_not_know_keeps_no_job_out(records: SqlJobStore) -> None:
    orphan = make_job(2).model_copy(update={"parent_id": "17"})

    assert await records.add_job(orphan, None)


async def test_what_people_and_guilds_chose_is_kept(people: SqlPreferencesStore) -> None:
    chosen = Preferences("fr", pings=True, private=True, options={"model": "sdxl", "keep": 40})

    assert await people.load_preferences(1) == Preferences()
    await people.save_preferences(1, chosen)
    await people.save_preferences(1, chosen)
    await people.save_button_policy(5, ButtonPolicy.AUTHOR)

    assert await people.load_preferences(1) == chosen
    assert await people.load_preferences(2) == Preferences()
    assert (await people.load_button_policy(5), await people.load_button_policy(6)) == (
        ButtonPolicy.AUTHOR,
        ButtonPolicy.EVERYONE,
    )


async def test_of_what_is_chosen_at_once_something_is_kept(people: SqlPreferencesStore) -> None:
    languages = ["en", "fr"] * 3

    await asyncio.gather(*(people.save_preferences(1, Preferences(language)) for language in languages))

    assert (await people.load_preferences(1)).language in languages


async def test_records_that_do_not_answer_are_a_refusal_in_words(
    records: SqlJobStore, library: SqlJobHistory, people: SqlPreferencesStore
) -> None:
    async with records.database.transaction() as connection:
        await connection.execute(text("DROP TABLE user_preferences"))
        await connection.execute(text("DROP TABLE thumbnails"))
        await connection.execute(text("DROP TABLE source_images"))

    await library.save_source_image(make_job(1).id, b"x")
    with pytest.raises(RejectedError):
        await people.load_preferences(1)
    with pytest.raises(RejectedError) as refused:
        await people.save_preferences(1, Preferences())
    assert [wrong.code for wrong in refused.value.problems] == ["records_unavailable"]
    with pytest.raises(RejectedError):
        await library.load_source_image(UPLOAD_SHA256)


async def test_a_family_is_found_from_any_of_its_members_with_the_way_to_it_first(records: SqlJobStore) -> None:
    first = await finish_job(records, 1)
    second = await finish_job(records, 2, parent=first)
    third = await finish_job(records, 3, parent=second)
    sibling = await finish_job(records, 4, parent=first)
    await finish_job(records, 5)

    families = SqlLineageStore(records.database)
    found = [[past.job.id for past in await families.load_lineage(one, 10)] for one in (first, third)]
    bounded = [past.job.id for past in await families.load_lineage(third, 3)]

    assert found == [[first, second, third, sibling]] * 2
    assert bounded == [first, second, third]
    assert await families.load_lineage("17", 10) == []

"""Looking back: jobs of the past, the pictures they started from, and what people and guilds chose."""

import asyncio
import hashlib

import pytest
from sqlalchemy import text

from bot.adapters.families import Families
from bot.adapters.library import EXACT_SECONDS, Library
from bot.adapters.people import People
from bot.adapters.records import Records
from bot.ports import Kept, Preferences, Pressing, Told
from bot.records.models import sources
from shared.errors import Refused, problem
from shared.outcome import Failed
from tests.bot.records.desk import MADE, NOON, SOURCE, Clock, finished, job, rows

SHA = hashlib.sha256(b"upload").hexdigest()


@pytest.fixture
def library(records: Records, clock: Clock) -> Library:
    return Library(records.database, clock=clock)


@pytest.fixture
def people(records: Records) -> People:
    return People(records.database)


async def end(records: Records, number: int, *, thread: int = 7, parent: str | None = None, at: float = NOON) -> str:
    asked = job(number).model_copy(update={"parent": parent})
    await records.accepted(asked, SOURCE)
    await records.queued(asked.id, SHA)
    await records.delivered(finished(asked, since=at), Told(thread, number))
    return asked.id


async def test_a_job_is_found_with_its_seed_its_answer_and_its_source(records: Records, library: Library) -> None:
    await records.accepted(job(2), SOURCE)
    await end(records, 1)

    past, still_open = await library.past(job(1).id), await library.past(job(2).id)

    assert past is not None
    assert (past.job, past.kind, past.seed, past.source) == (job(1), "generated", MADE.seed, SHA)
    assert past.told == Told(7, 1, private=True)
    assert still_open is not None
    assert (still_open.kind, still_open.told) == (None, None)
    assert await library.past("17") is None


async def test_what_was_cancelled_is_told_from_what_failed(records: Records, library: Library) -> None:
    for number, why in ((1, problem("cancelled", name="Ada")), (2, problem("lost"))):
        await records.accepted(job(number), SOURCE)
        await records.delivered(finished(job(number), Failed(problem=why)), Told(7, number))

    pasts = [await library.past(job(number).id) for number in (1, 2)]

    assert [past and past.without_picture for past in pasts] == ["cancelled", "failed"]


async def test_the_latest_picture_of_a_thread_is_the_last_that_is_still_there(
    records: Records, library: Library
) -> None:
    await end(records, 1, at=NOON + 1)
    await end(records, 2, at=NOON + 2)
    await end(records, 3, thread=8, at=NOON + 3)

    before = await library.latest(7)
    await library.deleted(job(2).id)
    after = await library.latest(7)

    assert before is not None
    assert before.job.id == job(2).id
    assert after is not None
    assert after.job.id == job(1).id


async def test_a_threads_pictures_are_listed_newest_first_and_no_further_than_asked(
    records: Records, library: Library
) -> None:
    for number in (1, 2, 3, 4):
        await end(records, number, at=NOON + number)
    await end(records, 5, thread=8)
    await library.deleted(job(3).id)

    assert [past.job.id for past in await library.pictures(7, 9)] == [job(n).id for n in (4, 2, 1)]
    assert [past.job.id for past in await library.pictures(7, 2)] == [job(4).id, job(2).id]
    assert await library.pictures(9, 9) == []


async def test_a_thread_began_with_the_first_job_that_has_to_do_with_a_picture(
    records: Records, library: Library
) -> None:
    words = job(1, has_picture=False)
    await records.accepted(words, None)
    await records.delivered(finished(words, Failed(problem=problem("lost"))), Told(7, 1))
    assert await library.first(7) is None

    for number in (3, 2):
        await end(records, number)

    began = await library.first(7)
    await library.deleted(job(2).id)
    still = await library.first(7)

    assert began is not None
    assert (began.job.id, began.source) == (job(2).id, SHA)
    assert still is not None
    assert still.job.id == job(2).id, "what it started from is there, even where its result was deleted"


async def test_a_source_is_kept_once_for_all_jobs_of_one_upload_until_nobody_starts_from_it(
    database_url: str, records: Records, library: Library, clock: Clock
) -> None:
    await end(records, 1)
    await end(records, 2)
    assert not await library.source_kept(job(1).id)
    await library.keep_source(job(1).id, b"as the model got it")
    await library.keep_source(job(2).id, b"the same again")
    clock.now += EXACT_SECONDS
    assert await library.source_kept(job(2).id)
    again = clock.now = clock.now + 1
    assert await library.source_kept(job(2).id)

    assert await library.source(SHA) == Kept(SHA, b"as the model got it")
    assert [row["kept_at"] for row in rows(database_url, sources)] == [again]
    assert await library.drop_pictures(before=again + EXACT_SECONDS) == 0
    assert await library.drop_pictures(before=again + EXACT_SECONDS + 1) == 1
    assert await library.source(SHA) is None


async def test_a_job_that_starts_from_a_kept_picture_bears_its_hash_from_the_start(
    records: Records, library: Library
) -> None:
    await records.accepted(job(1), Kept(SHA, b"x"))

    past = await library.past(job(1).id)
    (record,) = await records.open_records()

    assert past is not None
    assert (past.source, record.sha256, record.source) == (SHA, SHA, None)


async def test_a_parent_that_the_records_do_not_know_keeps_no_job_out(records: Records) -> None:
    orphan = job(2).model_copy(update={"parent": "17"})

    assert await records.accepted(orphan, None)


async def test_what_people_and_guilds_chose_is_kept(people: People) -> None:
    chosen = Preferences("fr", pings=True, private=True, options={"model": "sdxl", "keep": 40})

    assert await people.preferences(1) == Preferences()
    await people.prefer(1, chosen)
    await people.prefer(1, chosen)
    await people.set_pressing(5, Pressing.AUTHOR)

    assert await people.preferences(1) == chosen
    assert await people.preferences(2) == Preferences()
    assert (await people.pressing(5), await people.pressing(6)) == (Pressing.AUTHOR, Pressing.EVERYONE)


async def test_of_what_is_chosen_at_once_something_is_kept(people: People) -> None:
    languages = ["en", "fr"] * 3

    await asyncio.gather(*(people.prefer(1, Preferences(language)) for language in languages))

    assert (await people.preferences(1)).language in languages


async def test_records_that_do_not_answer_are_a_refusal_in_words(
    records: Records, library: Library, people: People
) -> None:
    async with records.database.transaction() as connection:
        await connection.execute(text("DROP TABLE people"))
        await connection.execute(text("DROP TABLE thumbnails"))
        await connection.execute(text("DROP TABLE sources"))

    await library.keep_source(job(1).id, b"x")
    with pytest.raises(Refused):
        await people.preferences(1)
    with pytest.raises(Refused) as refused:
        await people.prefer(1, Preferences())
    assert [wrong.code for wrong in refused.value.problems] == ["records_unavailable"]
    with pytest.raises(Refused):
        await library.source(SHA)


async def test_a_family_is_found_from_any_of_its_members_with_the_way_to_it_first(records: Records) -> None:
    first = await end(records, 1)
    second = await end(records, 2, parent=first)
    third = await end(records, 3, parent=second)
    sibling = await end(records, 4, parent=first)
    await end(records, 5)

    families = Families(records.database)
    found = [[past.job.id for past in await families.family(one, 10)] for one in (first, third)]
    bounded = [past.job.id for past in await families.family(third, 3)]

    assert found == [[first, second, third, sibling]] * 2
    assert bounded == [first, second, third]
    assert await families.family("17", 10) == []

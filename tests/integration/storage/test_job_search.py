"""Finding past jobs: by words, model, date and who; one's own from everywhere, others' where they may be seen."""

from typing import Any

import pytest

from bot.domain.messages import MessageRef
from bot.domain.search import SearchQuery
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.tables import jobs
from shared.job import Job
from shared.prompts import TextPrompt
from tests.support.builders import NOON, make_finished_status, make_job, read_rows

ADA_ID = make_job(0).requester.id
BEN_ID = 43
GUILD_ID, CHANNEL_ID = make_job(0).origin.guild_id, make_job(0).origin.channel_id


def make_job_by(number: int, *, prompt: str = "a castle", user: int = ADA_ID, model: str = "", **place: Any) -> Job:
    plain = make_job(number, has_picture=False, at=NOON + number)
    request = plain.request.model_copy(update={"text_prompts": (TextPrompt(text=prompt),)})
    return plain.model_copy(
        update={
            "request": request.model_copy(update={"model": model or request.model}),
            "requester": plain.requester.model_copy(update={"id": user}),
            "origin": plain.origin.model_copy(update=place),
        }
    )


async def finish_jobs(records: SqlJobStore, *ended: Job) -> None:
    for one in ended:
        await records.add_job(one, None)
        await records.mark_delivered(make_finished_status(one), MessageRef(one.origin.message_id, 1))


@pytest.fixture
def search(records: SqlJobStore) -> SqlJobSearch:
    return SqlJobSearch(records.database)


async def search_ids(search: SqlJobSearch, wanted: SearchQuery, **changed: Any) -> list[int]:
    how: dict[str, Any] = {"guild_id": GUILD_ID, "channel_ids": {CHANNEL_ID}, "limit": 9, **changed}
    pasts = (await search.search_jobs(wanted, **how)).records
    return [int(past.job.id) - int(make_job(0).id) for past in pasts]


async def test_ones_own_come_newest_first_in_pages_from_everywhere_and_open_ones_not_at_all(
    records: SqlJobStore, search: SqlJobSearch
) -> None:
    await finish_jobs(
        records, *(make_job_by(n, guild_id=n % 2, channel_id=n) for n in range(1, 12)), make_job_by(20, user=BEN_ID)
    )
    await records.add_job(make_job_by(30), None)

    mine = SearchQuery(ADA_ID)

    assert await search_ids(search, mine) == [11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert await search_ids(search, mine, offset=9) == [2, 1]
    assert (await search.search_jobs(mine, guild_id=GUILD_ID, channel_ids=(), limit=1)).total_count == 11


async def test_each_condition_narrows(records: SqlJobStore, search: SqlJobSearch) -> None:
    await finish_jobs(
        records,
        make_job_by(1, prompt="Ein Schloss am FLUSS"),
        make_job_by(2, prompt="a castle, 100% fog", model="sdxl"),
        make_job_by(3, prompt="a river"),
    )

    assert await search_ids(search, SearchQuery(ADA_ID, keywords="fluss  schloss")) == [1]
    assert await search_ids(search, SearchQuery(ADA_ID, keywords="fluß")) == [1]
    assert await search_ids(search, SearchQuery(ADA_ID, keywords="%")) == [2]
    assert await search_ids(search, SearchQuery(ADA_ID, model="sdxl")) == [2]
    assert await search_ids(search, SearchQuery(ADA_ID, accepted_after=NOON + 2)) == [3, 2]
    assert await search_ids(search, SearchQuery(ADA_ID, accepted_before=NOON + 2)) == [1]


async def test_others_are_seen_where_the_viewer_can_read_and_only_while_they_are_there(
    records: SqlJobStore, search: SqlJobSearch
) -> None:
    await finish_jobs(
        records,
        make_job_by(1, user=BEN_ID),
        make_job_by(2, user=BEN_ID, channel_id=99),
        make_job_by(3, user=BEN_ID, guild_id=8),
        make_job_by(4, user=BEN_ID),
        make_job_by(5, channel_id=99),
        make_job_by(6, guild_id=8),
    )
    await SqlJobHistory(records.database).mark_result_deleted(make_job(4).id)

    assert await search_ids(search, SearchQuery(ADA_ID, is_guild_wide=True)) == [5, 1]
    assert await search_ids(search, SearchQuery(ADA_ID, is_guild_wide=True, requester_id=BEN_ID)) == [1]
    assert await search_ids(search, SearchQuery(ADA_ID, is_guild_wide=True), guild_id=None) == []


async def test_favourites_are_those_that_the_viewer_marked_and_may_see(
    records: SqlJobStore, search: SqlJobSearch
) -> None:
    await finish_jobs(
        records,
        make_job_by(1, guild_id=8),
        make_job_by(2),
        make_job_by(3, user=BEN_ID),
        make_job_by(4, user=BEN_ID, channel_id=99),
    )
    favourites = SqlFavouriteStore(records.database)
    for number in (1, 3, 4):
        await favourites.toggle_favourite(ADA_ID, make_job(number).id)
    await favourites.toggle_favourite(BEN_ID, make_job(2).id)

    assert await search_ids(search, SearchQuery(ADA_ID, is_favourite=True)) == [3, 1]


async def test_what_no_database_holds_is_a_gap_between_words(
    records: SqlJobStore, search: SqlJobSearch, database_url: str
) -> None:
    await finish_jobs(records, make_job_by(1, prompt="Castle\0fog"))

    assert await search_ids(search, SearchQuery(ADA_ID, keywords="FOG\0castle")) == [1]
    assert [row["search_text"] for row in read_rows(database_url, jobs)] == ["castle fog"]

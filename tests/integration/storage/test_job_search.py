"""Searching past jobs: by keywords, model, date and requester, within what the viewer may see."""

from typing import Any

from bot.domain.messages import MessageRef
from bot.domain.search import SearchQuery
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import jobs
from shared.job import Job
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.builders import ADA_ID, BEN_ID, NOON, make_finished_status, make_job, make_job_by, read_rows

GUILD_ID, CHANNEL_ID = make_job(0).origin.guild_id, make_job(0).origin.channel_id


async def finish_jobs(job_store: SqlJobStore, *ended: Job) -> None:
    for job in ended:
        await job_store.add_jobs([job], None)
        await job_store.mark_delivered(make_finished_status(job), MessageRef(job.origin.message_id, 1))


async def search_numbers(job_search: SqlJobSearch, query: SearchQuery, **changes: Any) -> list[int]:
    arguments: dict[str, Any] = {"guild_id": GUILD_ID, "channel_ids": {CHANNEL_ID}, "limit": 9, **changes}
    page = await job_search.search_jobs(query, **arguments)
    return [int(record.job.id) - int(make_job(0).id) for record in page.records]


async def test_a_persons_own_ended_jobs_are_paged_newest_first_from_every_guild(
    job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    await finish_jobs(
        job_store,
        *(make_job_by(n, guild_id=n % 2, channel_id=n) for n in range(1, 12)),
        make_job_by(20, user_id=BEN_ID),
    )
    await job_store.add_jobs([make_job_by(30)], None)

    own = SearchQuery(ADA_ID)

    assert await search_numbers(job_search, own) == [11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert await search_numbers(job_search, own, offset=9) == [2, 1]
    assert (await job_search.search_jobs(own, guild_id=GUILD_ID, channel_ids=(), limit=1)).total_count == 11


async def test_each_condition_narrows_the_results(job_store: SqlJobStore, job_search: SqlJobSearch) -> None:
    await finish_jobs(
        job_store,
        make_job_by(1, prompt="Ein Schloss am FLUSS"),
        make_job_by(2, prompt="a castle, 100% fog", model="sdxl"),
        make_job_by(3, prompt="a river"),
    )

    assert await search_numbers(job_search, SearchQuery(ADA_ID, keywords="fluss  schloss")) == [1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, keywords="fluß")) == [1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, keywords="%")) == [2]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, model="sdxl")) == [2]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, accepted_after=NOON + 2)) == [3, 2]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, accepted_before=NOON + 2)) == [1]


async def test_cancelled_jobs_can_be_left_out_and_so_can_all_without_a_picture(
    job_store: SqlJobStore, job_search: SqlJobSearch, job_history: SqlJobHistory
) -> None:
    await finish_jobs(job_store, make_job_by(1), make_job_by(2))
    for number, outcome in ((3, make_problem("cancelled", name="Ada")), (4, make_problem("busy", model="SDXL 1.0"))):
        job = make_job_by(number)
        await job_store.add_jobs([job], None)
        await job_store.mark_delivered(make_finished_status(job, Failed(problem=outcome)), None)
    await job_history.mark_result_deleted(make_job_by(2).id)

    assert await search_numbers(job_search, SearchQuery(ADA_ID)) == [4, 3, 2, 1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, hides_cancelled=True)) == [4, 2, 1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, has_picture=True)) == [1]


async def test_other_peoples_jobs_are_found_where_the_viewer_can_read_until_they_are_deleted(
    job_store: SqlJobStore, job_history: SqlJobHistory, job_search: SqlJobSearch
) -> None:
    await finish_jobs(
        job_store,
        make_job_by(1, user_id=BEN_ID),
        make_job_by(2, user_id=BEN_ID, channel_id=99),
        make_job_by(3, user_id=BEN_ID, guild_id=8),
        make_job_by(4, user_id=BEN_ID),
        make_job_by(5, channel_id=99),
        make_job_by(6, guild_id=8),
    )
    await job_history.mark_result_deleted(make_job(4).id)

    assert await search_numbers(job_search, SearchQuery(ADA_ID, is_guild_wide=True)) == [5, 1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, is_guild_wide=True, requester_id=BEN_ID)) == [1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, is_guild_wide=True), guild_id=None) == []


async def test_other_peoples_requests_without_a_picture_are_found_by_nobody_else(
    job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    outcomes: tuple[Outcome, ...] = (
        Filtered(part=FilteredPart.PROMPT, duration_seconds=1),
        Failed(problem=make_problem("busy", model="SDXL 1.0")),
    )
    for number, outcome in enumerate(outcomes, 1):
        job = make_job_by(number, user_id=BEN_ID)
        await job_store.add_jobs([job], None)
        await job_store.mark_delivered(make_finished_status(job, outcome), None)

    assert await search_numbers(job_search, SearchQuery(ADA_ID, is_guild_wide=True)) == []
    assert await search_numbers(job_search, SearchQuery(BEN_ID, is_guild_wide=True)) == [2, 1]


async def test_favourites_are_the_results_that_the_viewer_marked_and_may_see(
    database: Database, job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    await finish_jobs(
        job_store,
        make_job_by(1, guild_id=8),
        make_job_by(2),
        make_job_by(3, user_id=BEN_ID),
        make_job_by(4, user_id=BEN_ID, channel_id=99),
    )
    favourites = SqlFavouriteStore(database)
    for number in (1, 3, 4):
        await favourites.toggle_favourite(ADA_ID, make_job(number).id)
    await favourites.toggle_favourite(BEN_ID, make_job(2).id)

    assert await search_numbers(job_search, SearchQuery(ADA_ID, is_favourite=True)) == [3, 1]


async def test_a_character_that_no_database_stores_separates_words(
    job_store: SqlJobStore, job_search: SqlJobSearch, database_url: str
) -> None:
    await finish_jobs(job_store, make_job_by(1, prompt="Castle\0fog"))

    assert await search_numbers(job_search, SearchQuery(ADA_ID, keywords="FOG\0castle")) == [1]
    assert await search_numbers(job_search, SearchQuery(ADA_ID, keywords="castle \ud800")) == []
    assert [row["search_text"] for row in read_rows(database_url, jobs)] == ["castle fog"]

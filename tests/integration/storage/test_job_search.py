"""Searching past jobs: by keywords, model, date and requester, within what the viewer may see."""

from typing import Any

import pytest

from bot.domain.messages import MessageRef
from bot.domain.search import SearchQuery, SearchStop
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from bot.storage.tables import jobs
from shared.job import Job, get_snowflake_time
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.builders import ADA_ID, BEN_ID, NOON, make_finished_status, make_job, make_job_by, read_rows
from tests.support.database import execute_sql

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


@pytest.mark.parametrize("keywords", ["", "castle", "cas", "at"])
@pytest.mark.parametrize("is_guild_wide", [False, True])
async def test_jobs_next_to_one_are_listed_in_both_directions(
    job_store: SqlJobStore, job_search: SqlJobSearch, keywords: str, is_guild_wide: bool
) -> None:
    others = [make_job_by(n, user_id=BEN_ID, prompt="a dragon, flat") for n in range(10, 14)]
    await finish_jobs(job_store, *(make_job_by(n, prompt="a castle at sea") for n in range(1, 10)), *others)
    query = SearchQuery(ADA_ID, keywords=keywords, is_guild_wide=is_guild_wide, requester_id=ADA_ID)

    async def list_numbers(limit: int, **start: Any) -> tuple[list[int], bool]:
        found = await job_search.list_jobs(query, guild_id=GUILD_ID, channel_ids={CHANNEL_ID}, limit=limit, **start)
        return [int(record.job.id) - int(make_job(0).id) for record in found.records], found.has_more

    assert await list_numbers(4) == ([9, 8, 7, 6], True)
    assert await list_numbers(3, before_id=make_job(6).id) == ([5, 4, 3], True)
    assert await list_numbers(9, before_id=make_job(3).id) == ([2, 1], False)
    assert await list_numbers(2, after_id=make_job(5).id) == ([7, 6], True)
    assert await list_numbers(9, after_id=make_job(7).id) == ([9, 8], False)
    assert await list_numbers(2, offset=2) == ([7, 6], True)


async def test_favourites_are_listed_from_any_of_them(
    database: Database, job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    await finish_jobs(job_store, *(make_job_by(n) for n in range(1, 6)))
    for number in (2, 5, 1, 3):
        await SqlFavouriteStore(database).toggle_favourite(ADA_ID, make_job(number).id)
    query = SearchQuery(ADA_ID, is_favourite=True)

    found = await job_search.list_jobs(query, guild_id=GUILD_ID, channel_ids=(), limit=2, before_id=make_job(5).id)

    assert [record.job.id for record in found.records] == [make_job(3).id, make_job(2).id]
    assert (found.first_id, found.last_id, found.has_more) == (make_job(3).id, make_job(2).id, True)


@pytest.mark.parametrize(
    ("prompt", "keywords", "is_found"),
    [
        ("a steamboat", "boat", True),
        ("a steamboat", "STEAM boats", False),
        ("cast ast stl tle", "castle", False),
        ('he said "hello"', '"hel', True),
        ("it's a \\ path", "it's", True),
        ("it's a \\path", "\\path", True),
        ("100%_sure", "%_s", True),
        ("a castle AND a moat", "AND", True),
        ("a castle", "NOT castle", False),
        ("a castle*", "tle*", True),
        ("美しい城の庭", "城の庭", True),
        ("美しい城の庭", "城", True),
        ("Ünïcödé", "nïcö", True),
        ("unicode", "nïcö", False),
        ("😀😁😂🤣", "😁😂🤣", True),
    ],
)
async def test_any_part_of_a_word_is_found_whatever_its_characters(
    job_store: SqlJobStore, job_search: SqlJobSearch, prompt: str, keywords: str, is_found: bool
) -> None:
    await finish_jobs(job_store, make_job_by(1, prompt=prompt), make_job_by(2, user_id=BEN_ID, prompt=prompt))

    assert await search_numbers(job_search, SearchQuery(ADA_ID, keywords=keywords)) == [1] * is_found
    here = SearchQuery(ADA_ID, keywords=keywords, is_guild_wide=True)
    assert await search_numbers(job_search, here) == [2, 1] * is_found


async def test_the_index_follows_a_release_that_does_not_know_it(
    job_store: SqlJobStore, job_search: SqlJobSearch, database_url: str
) -> None:
    await finish_jobs(job_store, make_job_by(1, prompt="a castle"), make_job_by(2, prompt="a castle"))
    castle, dragon = SearchQuery(ADA_ID, keywords="castle"), SearchQuery(ADA_ID, keywords="dragon")

    execute_sql(database_url, "UPDATE jobs SET search_text = 'a dragon' WHERE id = :id", id=make_job(1).id)
    assert await search_numbers(job_search, castle) == [2]
    assert await search_numbers(job_search, dragon) == [1]
    execute_sql(database_url, "UPDATE jobs SET search_text = NULL WHERE id = :id", id=make_job(1).id)
    assert await search_numbers(job_search, dragon) == []
    execute_sql(database_url, "UPDATE jobs SET requester_id = :id", id=BEN_ID)
    assert await search_numbers(job_search, SearchQuery(BEN_ID, keywords="castle")) == [2]
    execute_sql(database_url, "DELETE FROM jobs")
    assert await search_numbers(job_search, SearchQuery(BEN_ID, keywords="castle")) == []
    if database_url.startswith("sqlite"):
        execute_sql(database_url, "INSERT INTO job_trigrams (job_trigrams) VALUES ('integrity-check')")
        assert execute_sql(database_url, "SELECT * FROM job_numbers") == []


async def test_words_are_searched_in_the_period_that_was_asked_for(
    job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    days = (1, 2, 3)
    await finish_jobs(job_store, *(make_job_by(day * 86400, prompt="a castle") for day in days))
    query = SearchQuery(
        ADA_ID, keywords="castle", accepted_after=NOON + 1.5 * 86400, accepted_before=NOON + 2.5 * 86400
    )

    assert await search_numbers(job_search, query) == [2 * 86400]


async def test_results_beyond_the_limit_are_not_counted(
    job_store: SqlJobStore, job_search: SqlJobSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.job_search.COUNT_LIMIT", 3)
    await finish_jobs(job_store, *(make_job_by(n) for n in range(1, 8)))

    async def count(offset: int) -> int:
        page = await job_search.search_jobs(SearchQuery(ADA_ID), guild_id=1, channel_ids=(), limit=2, offset=offset)
        return page.total_count

    assert [await count(offset) for offset in (0, 2, 4, 6)] == [4, 5, 7, 7]


async def list_by_pages(
    job_search: SqlJobSearch, query: SearchQuery, direction: str, start_id: str | None = None
) -> tuple[list[int], int]:
    """Turn pages of two in a direction, and return the numbers of the jobs in this order, and of pages that stopped."""
    numbers, stops = [], 0
    for _ in range(20):
        start: dict[str, Any] = {direction: start_id}
        found = await job_search.list_jobs(query, guild_id=GUILD_ID, channel_ids={CHANNEL_ID}, limit=2, **start)
        page = [int(record.job.id) - int(make_job(0).id) for record in found.records]
        numbers += page if direction == "before_id" else page[::-1]
        stops += found.stop is not None
        if not found.has_more:
            return numbers, stops
        start_id = found.last_id if direction == "before_id" else found.first_id
    raise AssertionError(numbers)


@pytest.mark.parametrize("is_guild_wide", [False, True])
@pytest.mark.parametrize(
    "options", [{"keywords": "at"}, {"keywords": "sea at"}, {"keywords": "castle"}, {"has_picture": True}]
)
async def test_a_search_stops_after_some_jobs_and_the_next_page_goes_on_from_there(
    job_store: SqlJobStore,
    job_search: SqlJobSearch,
    job_history: SqlJobHistory,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    is_guild_wide: bool,
) -> None:
    monkeypatch.setattr("bot.storage.search_candidates.CANDIDATE_LIMIT", 4)
    found = [2, 3, 13, 14, 15]
    for number in range(1, 20):
        await finish_jobs(job_store, make_job_by(number, prompt="a castle at sea" if number in found else "a sea gull"))
        if number not in found:
            await job_history.mark_result_deleted(make_job(number).id)
    query = SearchQuery(ADA_ID, is_guild_wide=is_guild_wide, **options)

    older, stops = await list_by_pages(job_search, query, "before_id")
    newer, _ = await list_by_pages(job_search, query, "after_id", make_job(1).id)
    page = await job_search.search_jobs(query, guild_id=GUILD_ID, channel_ids={CHANNEL_ID}, limit=2)

    assert older == newer[::-1] == found[::-1]
    if options != {"keywords": "castle"}:  # all that an index of words finds are results
        assert (page.total_count, page.stop) == (0, SearchStop(make_job(16).id, NOON + 16))
        assert stops >= 3


@pytest.mark.parametrize("offset", range(12))
async def test_an_offset_leaves_out_more_jobs_than_a_search_looks_at(
    job_store: SqlJobStore, job_search: SqlJobSearch, monkeypatch: pytest.MonkeyPatch, offset: int
) -> None:
    monkeypatch.setattr("bot.storage.search_candidates.CANDIDATE_LIMIT", 4)
    await finish_jobs(job_store, *(make_job_by(n) for n in range(1, 11)))
    query, start_id, numbers = SearchQuery(ADA_ID), None, list[int]()

    while True:
        found = await job_search.list_jobs(
            query, guild_id=None, channel_ids=(), limit=2, offset=0 if start_id else offset, before_id=start_id
        )
        numbers += [int(record.job.id) - int(make_job(0).id) for record in found.records]
        if not found.has_more:
            break
        start_id = found.last_id

    assert numbers == [*range(10 - offset, 0, -1)]


async def test_a_search_stops_after_some_favourites(
    database: Database, job_store: SqlJobStore, job_search: SqlJobSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.search_candidates.CANDIDATE_LIMIT", 3)
    for number in range(1, 9):
        await finish_jobs(job_store, make_job_by(number, user_id=BEN_ID, channel_id=99 if number > 1 else CHANNEL_ID))
        await SqlFavouriteStore(database).toggle_favourite(ADA_ID, make_job(number).id)

    assert await list_by_pages(job_search, SearchQuery(ADA_ID, is_favourite=True), "before_id") == ([1], 2)


async def test_pages_of_words_have_jobs_that_were_recorded_in_another_order_than_they_were_accepted(
    job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    await finish_jobs(job_store, *(make_job_by(number, prompt="a castle") for number in (1, 3, 2, 5, 4, 6, 8, 7)))
    query = SearchQuery(ADA_ID, keywords="castle")

    older, _ = await list_by_pages(job_search, query, "before_id")
    newer, _ = await list_by_pages(job_search, query, "after_id", make_job(1).id)

    assert sorted(older) == [*range(1, 9)]
    assert sorted(newer) == [*range(2, 9)]


async def test_pages_of_words_go_on_from_a_job_that_was_deleted_meanwhile(
    job_store: SqlJobStore, job_search: SqlJobSearch, database_url: str
) -> None:
    numbers = [hour * 3_600_000 << 22 for hour in range(0, 12, 2)]  # of ids that tell the time
    for number in numbers:
        at = get_snowflake_time(int(make_job(number).id))
        await finish_jobs(job_store, make_job_by(number, prompt="a castle").model_copy(update={"accepted_at": at}))
    start = make_job(numbers[3]).id
    execute_sql(database_url, "DELETE FROM jobs WHERE id = :id", id=start)
    query = SearchQuery(ADA_ID, keywords="castle")

    older = await list_by_pages(job_search, query, "before_id", start)
    newer = await list_by_pages(job_search, query, "after_id", start)

    assert (older, newer) == ((numbers[2::-1], 0), (numbers[4:], 0))

"""Finding past jobs: by words, model, date and who; one's own from everywhere, others' where they may be seen."""

from typing import Any

import pytest

from bot.adapters.favourites import Favourites
from bot.adapters.library import Library
from bot.adapters.records import Records
from bot.adapters.redis import connect
from bot.adapters.search import JobSearch, RedisSearches
from bot.ports import Search, Told
from shared.job import Job
from shared.prompts import TextPrompt
from tests.bot.records.desk import NOON, finished, job

ADA = job(0).requester.id
BEN = 43
HERE, CHANNEL = job(0).place.guild, job(0).place.channel


def asked(number: int, *, prompt: str = "a castle", user: int = ADA, model: str = "", **place: Any) -> Job:
    plain = job(number, has_picture=False, at=NOON + number)
    request = plain.request.model_copy(update={"text_prompts": (TextPrompt(text=prompt),)})
    return plain.model_copy(
        update={
            "request": request.model_copy(update={"model": model or request.model}),
            "requester": plain.requester.model_copy(update={"id": user}),
            "place": plain.place.model_copy(update=place),
        }
    )


async def end(records: Records, *jobs: Job) -> None:
    for one in jobs:
        await records.accepted(one, None)
        await records.delivered(finished(one), Told(one.place.message, 1))


@pytest.fixture
def search(records: Records) -> JobSearch:
    return JobSearch(records.database)


async def found(search: JobSearch, wanted: Search, **changed: Any) -> list[int]:
    how: dict[str, Any] = {"guild": HERE, "channels": {CHANNEL}, "most": 9, **changed}
    pasts = (await search.search(wanted, **how)).pasts
    return [int(past.job.id) - int(job(0).id) for past in pasts]


async def test_ones_own_come_newest_first_in_pages_from_everywhere_and_open_ones_not_at_all(
    records: Records, search: JobSearch
) -> None:
    await end(records, *(asked(n, guild=n % 2, channel=n) for n in range(1, 12)), asked(20, user=BEN))
    await records.accepted(asked(30), None)

    mine = Search(ADA)

    assert await found(search, mine) == [11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert await found(search, mine, skip=9) == [2, 1]
    assert (await search.search(mine, guild=HERE, channels=(), most=1)).count == 11


async def test_each_condition_narrows(records: Records, search: JobSearch) -> None:
    await end(
        records,
        asked(1, prompt="Ein Schloss am FLUSS"),
        asked(2, prompt="a castle, 100% fog", model="sdxl"),
        asked(3, prompt="a river"),
    )

    assert await found(search, Search(ADA, words="fluss  schloss")) == [1]
    assert await found(search, Search(ADA, words="fluß")) == [1]
    assert await found(search, Search(ADA, words="%")) == [2]
    assert await found(search, Search(ADA, model="sdxl")) == [2]
    assert await found(search, Search(ADA, since=NOON + 2)) == [3, 2]
    assert await found(search, Search(ADA, until=NOON + 2)) == [1]


async def test_others_are_seen_where_the_viewer_can_read_and_only_while_they_are_there(
    records: Records, search: JobSearch
) -> None:
    await end(
        records,
        asked(1, user=BEN),
        asked(2, user=BEN, channel=99),
        asked(3, user=BEN, guild=8),
        asked(4, user=BEN),
        asked(5, channel=99),
        asked(6, guild=8),
    )
    await Library(records.database).deleted(job(4).id)

    assert await found(search, Search(ADA, here=True)) == [5, 1]
    assert await found(search, Search(ADA, here=True, user=BEN)) == [1]
    assert await found(search, Search(ADA, here=True), guild=None) == []


async def test_favourites_are_those_that_the_viewer_marked_and_may_see(records: Records, search: JobSearch) -> None:
    await end(records, asked(1, guild=8), asked(2), asked(3, user=BEN), asked(4, user=BEN, channel=99))
    favourites = Favourites(records.database)
    for number in (1, 3, 4):
        await favourites.toggle(ADA, job(number).id)
    await favourites.toggle(BEN, job(2).id)

    assert await found(search, Search(ADA, starred=True)) == [3, 1]


async def test_a_search_is_kept_for_its_viewer_alone_and_for_a_day(redis_url: str) -> None:
    redis = connect(redis_url)
    searches, wanted = RedisSearches(redis), Search(ADA, words="château", since=NOON)

    await searches.keep("17", wanted)

    assert await searches.kept("17", ADA) == wanted
    assert await searches.kept("17", BEN) is None
    assert await searches.kept("18", ADA) is None
    assert 0 < await redis.pttl(f"pentimento:searches:{ADA}") <= 86400_000
    await searches.drop(ADA)
    assert await searches.kept("17", ADA) is None
    await redis.aclose()


async def test_what_no_database_holds_is_a_gap_between_words(records: Records, search: JobSearch) -> None:
    await end(records, asked(1, prompt="Castle\0fog"))

    assert await found(search, Search(ADA, words="FOG\0castle")) == [1]

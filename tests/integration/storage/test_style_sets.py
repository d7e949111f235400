"""Stored style sets, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.domain.owners import Owner
from bot.domain.style_sets import MAX_PERSONAL_STYLE_SETS, MAX_STYLE_PICTURES
from bot.storage.session import Database
from bot.storage.style_sets import SqlStyleSetStore
from bot.storage.tables import style_pictures
from shared.problems import RejectedError
from tests.support.builders import read_rows

ADA, BEN = Owner(2**63 - 1), Owner(8)
GUILD = Owner(2**63 - 1, guild_id=7)


@pytest.fixture
def store(database: Database) -> SqlStyleSetStore:
    return SqlStyleSetStore(database)


async def test_a_set_grows_under_its_name_whatever_the_case_and_is_its_owners_alone(store: SqlStyleSetStore) -> None:
    await store.add_pictures(ADA, "Été", [b"1", b"2"])
    grown = await store.add_pictures(ADA, "ÉTÉ", [b"3"])
    of_guild = await store.add_pictures(GUILD, "été", [b"4"])

    assert (grown.name, grown.picture_count, of_guild.picture_count) == ("Été", 3, 1)
    assert await store.load_pictures(grown.id) == [b"1", b"2", b"3"]
    assert {found.id for found in await store.list_style_sets(Owner(ADA.user_id, 7))} == {grown.id, of_guild.id}
    assert [found.id for found in await store.list_style_sets(Owner(BEN.user_id, 7))] == [of_guild.id]
    assert await store.list_style_sets(BEN) == []
    assert [await store.delete_style_set(owner, "été") for owner in (BEN, ADA, ADA)] == [False, True, False]


async def test_the_pictures_after_a_deleted_one_move_up_and_the_last_takes_the_set_with_it(
    store: SqlStyleSetStore,
) -> None:
    style_set = await store.add_pictures(ADA, "oils", [b"1", b"2", b"3", b"4"])

    assert [await store.delete_picture(ADA, "OILS", number) for number in (2, 4)] == [True, False]
    assert not await store.delete_picture(BEN, "oils", 1)
    assert await store.load_pictures(style_set.id) == [b"1", b"3", b"4"]
    for _ in range(3):
        await store.delete_picture(ADA, "oils", 1)
    assert await store.list_style_sets(ADA) == []


async def test_pictures_beyond_the_limit_are_refused_and_none_of_them_is_added(
    store: SqlStyleSetStore, database_url: str
) -> None:
    await store.add_pictures(ADA, "oils", [b"x"] * (MAX_STYLE_PICTURES - 1))

    with pytest.raises(RejectedError) as rejected:
        await store.add_pictures(ADA, "oils", [b"y", b"z"])

    (problem,) = rejected.value.problems
    assert (problem.code, problem.facts["count"]) == ("style_set_full", MAX_STYLE_PICTURES - 1)
    assert len(read_rows(database_url, style_pictures)) == MAX_STYLE_PICTURES - 1


async def test_a_person_has_room_for_so_many_sets(store: SqlStyleSetStore) -> None:
    for number in range(MAX_PERSONAL_STYLE_SETS):
        await store.add_pictures(ADA, f"set {number}", [b"x"])

    with pytest.raises(RejectedError) as rejected:
        await store.add_pictures(ADA, "one more", [b"x"])

    assert rejected.value.problems[0].code == "style_sets_full"
    assert len(await store.list_style_sets(ADA)) == MAX_PERSONAL_STYLE_SETS
    await store.add_pictures(ADA, "set 0", [b"y"])  # an existing one may still grow


async def test_pictures_that_are_added_at_the_same_moment_are_all_kept(store: SqlStyleSetStore) -> None:
    await asyncio.gather(*(store.add_pictures(ADA, "oils", [bytes([number])]) for number in range(4)))

    (style_set,) = await store.list_style_sets(ADA)
    assert sorted(await store.load_pictures(style_set.id)) == [bytes([number]) for number in range(4)]

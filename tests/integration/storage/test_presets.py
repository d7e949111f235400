"""Stored presets, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.domain.owners import Owner
from bot.storage.presets import MAX_GUILD_PRESETS, MAX_PERSONAL_PRESETS, SqlPresetStore
from bot.storage.session import Database
from shared.problems import RejectedError

ADA, BEN = Owner(2**63 - 1), Owner(8)
GUILD = Owner(2**63 - 1, guild_id=7)
OPTIONS = {"model": "sdxl", "keep": 62.5, "style_preset": "anime", "negative": "crowds"}


@pytest.fixture
def preset_store(database: Database) -> SqlPresetStore:
    return SqlPresetStore(database)


async def test_a_preset_is_found_by_its_owner_whatever_the_case_and_by_nobody_else(
    preset_store: SqlPresetStore,
) -> None:
    await preset_store.save_preset(ADA, "Été au lac", OPTIONS)

    (found,) = await preset_store.list_presets(Owner(ADA.user_id, guild_id=99))

    assert (found.name, found.guild_id, found.options) == ("Été au lac", 0, OPTIONS)
    assert await preset_store.list_presets(BEN) == []
    assert [await preset_store.delete_preset(owner, "ÉTÉ AU LAC") for owner in (BEN, GUILD, ADA, ADA)] == [
        False,
        False,
        True,
        False,
    ]


async def test_a_guild_preset_is_usable_by_everyone_there_beside_a_personal_one_of_the_same_name(
    preset_store: SqlPresetStore,
) -> None:
    await preset_store.save_preset(GUILD, "house", OPTIONS)
    await preset_store.save_preset(BEN, "house", {"model": "sd3.5-large"})

    here = await preset_store.list_presets(Owner(BEN.user_id, guild_id=7))
    elsewhere = await preset_store.list_presets(Owner(BEN.user_id, guild_id=6))

    assert sorted((preset.guild_id, preset.options["model"]) for preset in here) == [(0, "sd3.5-large"), (7, "sdxl")]
    assert [preset.guild_id for preset in elsewhere] == [0]
    assert await preset_store.delete_preset(Owner(BEN.user_id, guild_id=7), "house")


async def test_a_preset_that_is_saved_again_is_replaced_and_keeps_its_code(preset_store: SqlPresetStore) -> None:
    first = await preset_store.save_preset(ADA, "look", OPTIONS)
    (before,) = await preset_store.list_presets(ADA)

    replaced = await preset_store.save_preset(ADA, "Look", {"model": "sd3.5-large"})

    (after,) = await preset_store.list_presets(ADA)
    assert (first, replaced) == (None, before)
    assert (after.code, after.name, after.options) == (before.code, "Look", {"model": "sd3.5-large"})


@pytest.mark.parametrize("owners", [[ADA] * 6, [Owner(user, guild_id=7) for user in range(1, 7)]])
async def test_of_presets_saved_under_one_name_at_the_same_time_one_is_stored(
    preset_store: SqlPresetStore, owners: list[Owner]
) -> None:
    names = ["look", "Look"] * 3

    await asyncio.gather(
        *(preset_store.save_preset(owner, name, OPTIONS) for owner, name in zip(owners, names, strict=True))
    )

    (found,) = await preset_store.list_presets(owners[0])
    assert found.name in names


async def test_each_preset_is_found_by_a_code_of_its_own(preset_store: SqlPresetStore) -> None:
    for name in ("one", "two"):
        await preset_store.save_preset(ADA, name, OPTIONS)
    codes = [preset.code for preset in await preset_store.list_presets(ADA)]

    found = [await preset_store.find_preset_by_code(code) for code in (*codes, "nothing", "\0", "\ud800")]

    assert [preset and preset.name for preset in found] == ["one", "two", None, None, None]
    assert len(set(codes)) == 2


@pytest.mark.parametrize(("owner", "limit"), [(ADA, MAX_PERSONAL_PRESETS), (GUILD, MAX_GUILD_PRESETS)])
async def test_the_number_of_presets_is_limited_and_a_rejected_one_changes_nothing(
    preset_store: SqlPresetStore, owner: Owner, limit: int
) -> None:
    for number in range(limit):
        await preset_store.save_preset(owner, f"look {number}", OPTIONS)

    with pytest.raises(RejectedError) as rejected:
        await preset_store.save_preset(owner, "one more", OPTIONS)
    await preset_store.save_preset(owner, "look 0", {"model": "sdxl"})

    assert [(problem.code, problem.facts["limit"]) for problem in rejected.value.problems] == [("preset_full", limit)]
    assert len(await preset_store.list_presets(owner)) == limit

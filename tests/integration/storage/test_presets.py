"""Settings under names, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.domain.presets import PresetOwner
from bot.storage.jobs import SqlJobStore
from bot.storage.presets import MAX_GUILD_PRESETS, MAX_PERSONAL_PRESETS, SqlPresetStore
from shared.problems import RejectedError

ADA, BEN = PresetOwner(2**63 - 1), PresetOwner(8)
GUILD = PresetOwner(2**63 - 1, guild_id=7)
OPTIONS = {"model": "sdxl", "keep": 62.5, "style_preset": "anime", "negative": "crowds"}


@pytest.fixture
def kept(records: SqlJobStore) -> SqlPresetStore:
    return SqlPresetStore(records.database)


async def test_one_is_found_by_its_owner_whatever_its_case_and_by_nobody_else(kept: SqlPresetStore) -> None:
    await kept.save_preset(ADA, "Été au lac", OPTIONS)

    (found,) = await kept.list_presets(PresetOwner(ADA.user_id, guild_id=99))

    assert (found.name, found.guild_id, found.options) == ("Été au lac", 0, OPTIONS)
    assert await kept.list_presets(BEN) == []
    assert [await kept.delete_preset(owner, "ÉTÉ AU LAC") for owner in (BEN, GUILD, ADA, ADA)] == [
        False,
        False,
        True,
        False,
    ]


async def test_one_of_a_guild_is_everyones_there_and_another_than_a_persons_of_that_name(kept: SqlPresetStore) -> None:
    await kept.save_preset(GUILD, "house", OPTIONS)
    await kept.save_preset(BEN, "house", {"model": "sd3.5-large"})

    here = await kept.list_presets(PresetOwner(BEN.user_id, guild_id=7))
    elsewhere = await kept.list_presets(PresetOwner(BEN.user_id, guild_id=6))

    assert sorted((one.guild_id, one.options["model"]) for one in here) == [(0, "sd3.5-large"), (7, "sdxl")]
    assert [one.guild_id for one in elsewhere] == [0]
    assert await kept.delete_preset(PresetOwner(BEN.user_id, guild_id=7), "house")


async def test_saved_again_it_is_replaced_and_keeps_its_code(kept: SqlPresetStore) -> None:
    first = await kept.save_preset(ADA, "look", OPTIONS)
    (before,) = await kept.list_presets(ADA)

    replaced = await kept.save_preset(ADA, "Look", {"model": "sd3.5-large"})

    (after,) = await kept.list_presets(ADA)
    assert (first, replaced) == (None, before)
    assert (after.code, after.name, after.options) == (before.code, "Look", {"model": "sd3.5-large"})


@pytest.mark.parametrize("owners", [[ADA] * 6, [PresetOwner(user, guild_id=7) for user in range(1, 7)]])
async def test_of_those_saved_under_one_name_at_once_one_is_there(
    kept: SqlPresetStore, owners: list[PresetOwner]
) -> None:
    names = ["look", "Look"] * 3

    await asyncio.gather(*(kept.save_preset(owner, name, OPTIONS) for owner, name in zip(owners, names, strict=True)))

    (found,) = await kept.list_presets(owners[0])
    assert found.name in names


async def test_one_is_shared_by_a_code_of_its_own(kept: SqlPresetStore) -> None:
    for name in ("one", "two"):
        await kept.save_preset(ADA, name, OPTIONS)
    codes = [one.code for one in await kept.list_presets(ADA)]

    found = [await kept.find_preset_by_code(code) for code in (*codes, "nothing")]

    assert [one and one.name for one in found] == ["one", "two", None]
    assert len(set(codes)) == 2


@pytest.mark.parametrize(("owner", "most"), [(ADA, MAX_PERSONAL_PRESETS), (GUILD, MAX_GUILD_PRESETS)])
async def test_there_is_an_end_to_them_and_a_refused_one_changes_nothing(
    kept: SqlPresetStore, owner: PresetOwner, most: int
) -> None:
    for number in range(most):
        await kept.save_preset(owner, f"look {number}", OPTIONS)

    with pytest.raises(RejectedError) as refused:
        await kept.save_preset(owner, "one more", OPTIONS)
    await kept.save_preset(owner, "look 0", {"model": "sdxl"})

    assert [(problem.code, problem.facts["limit"]) for problem in refused.value.problems] == [("preset_full", most)]
    assert len(await kept.list_presets(owner)) == most

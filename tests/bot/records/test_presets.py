"""Settings under names, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.adapters.presets import MOST_OF_GUILD, MOST_OWN, KeptPresets
from bot.adapters.records import Records
from bot.ports import Owner
from shared.errors import Refused

ADA, BEN = Owner(2**63 - 1), Owner(8)
GUILD = Owner(2**63 - 1, guild=7)
LOOK = {"model": "sdxl", "keep": 62.5, "style_preset": "anime", "negative": "crowds"}


@pytest.fixture
def kept(records: Records) -> KeptPresets:
    return KeptPresets(records.database)


async def test_one_is_found_by_its_owner_whatever_its_case_and_by_nobody_else(kept: KeptPresets) -> None:
    await kept.save(ADA, "Été au lac", LOOK)

    (found,) = await kept.presets(Owner(ADA.user, guild=99))

    assert (found.name, found.guild, found.options) == ("Été au lac", 0, LOOK)
    assert await kept.presets(BEN) == []
    assert [await kept.delete(owner, "ÉTÉ AU LAC") for owner in (BEN, GUILD, ADA, ADA)] == [False, False, True, False]


async def test_one_of_a_guild_is_everyones_there_and_another_than_a_persons_of_that_name(kept: KeptPresets) -> None:
    await kept.save(GUILD, "house", LOOK)
    await kept.save(BEN, "house", {"model": "sd3.5-large"})

    here = await kept.presets(Owner(BEN.user, guild=7))
    elsewhere = await kept.presets(Owner(BEN.user, guild=6))

    assert sorted((one.guild, one.options["model"]) for one in here) == [(0, "sd3.5-large"), (7, "sdxl")]
    assert [one.guild for one in elsewhere] == [0]
    assert await kept.delete(Owner(BEN.user, guild=7), "house")


async def test_saved_again_it_is_replaced_and_keeps_its_code(kept: KeptPresets) -> None:
    first = await kept.save(ADA, "look", LOOK)
    (before,) = await kept.presets(ADA)

    replaced = await kept.save(ADA, "Look", {"model": "sd3.5-large"})

    (after,) = await kept.presets(ADA)
    assert (first, replaced) == (None, before)
    assert (after.code, after.name, after.options) == (before.code, "Look", {"model": "sd3.5-large"})


@pytest.mark.parametrize("owners", [[ADA] * 6, [Owner(user, guild=7) for user in range(1, 7)]])
async def test_of_those_saved_under_one_name_at_once_one_is_there(kept: KeptPresets, owners: list[Owner]) -> None:
    names = ["look", "Look"] * 3

    await asyncio.gather(*(kept.save(owner, name, LOOK) for owner, name in zip(owners, names, strict=True)))

    (found,) = await kept.presets(owners[0])
    assert found.name in names


async def test_one_is_shared_by_a_code_of_its_own(kept: KeptPresets) -> None:
    for name in ("one", "two"):
        await kept.save(ADA, name, LOOK)
    codes = [one.code for one in await kept.presets(ADA)]

    found = [await kept.shared(code) for code in (*codes, "nothing")]

    assert [one and one.name for one in found] == ["one", "two", None]
    assert len(set(codes)) == 2


@pytest.mark.parametrize(("owner", "most"), [(ADA, MOST_OWN), (GUILD, MOST_OF_GUILD)])
async def test_there_is_an_end_to_them_and_a_refused_one_changes_nothing(
    kept: KeptPresets, owner: Owner, most: int
) -> None:
    for number in range(most):
        await kept.save(owner, f"look {number}", LOOK)

    with pytest.raises(Refused) as refused:
        await kept.save(owner, "one more", LOOK)
    await kept.save(owner, "look 0", {"model": "sdxl"})

    assert [(problem.code, problem.facts["limit"]) for problem in refused.value.problems] == [("preset_full", most)]
    assert len(await kept.presets(owner)) == most

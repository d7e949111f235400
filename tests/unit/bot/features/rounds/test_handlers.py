"""Votes and the actions of hosts: whoever sends an id is checked anew, and the refused change nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.domain.ballots import Ballot
from bot.domain.rounds import Phase
from bot.features.rounds.custom_ids import BallotChoiceId
from bot.features.rounds.host import HostCommands
from bot.rounds.custom_ids import DecideTieId, VoteId
from bot.storage.tables import audit_entries, round_ballots
from tests.support.builders import NOON, read_rows
from tests.support.round_world import ADA, BEN, CLEO, World, open_world, use_component
from tests.support.rounds import CONTEST_ID, HOST_ID

MODERATOR = discord.Permissions(manage_messages=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(f"sqlite:///{tmp_path / 'records.db'}") as opened:
        yield opened


async def test_a_member_votes_changes_it_and_never_for_themselves(world: World) -> None:
    await world.start()
    await world.end_phase()
    own, other, third = [await world.find_number(user_id) for user_id in (ADA, BEN, CLEO)]

    first = await world.vote(ADA, other)
    refused = await world.vote(ADA, own)
    changed = await world.vote(ADA, third)

    assert "Your choice: **" in first.shown[0]
    assert refused.shown[0].startswith("You can't vote for your own entry")
    assert "Your choice" in changed.shown[0]
    assert await world.stores.ballots.load_ballot(CONTEST_ID, ADA) == Ballot((third,))


@pytest.mark.parametrize(
    ("place", "round_number", "said"),
    [
        ({"guild_id": 2}, 1, "I don't know that contest"),
        ({}, 2, "This vote has closed"),
    ],
)
async def test_a_forged_ballot_is_refused(world: World, place: dict[str, Any], round_number: int, said: str) -> None:
    await world.start()
    await world.end_phase()

    interaction = await world.vote(77, await world.find_number(ADA), round_number=round_number, **place)

    assert interaction.shown[0].startswith(said)
    assert read_rows(world.url, round_ballots) == []


async def test_who_joined_since_the_start_votes_only_where_that_does_not_matter(world: World) -> None:
    await world.start(needs_earlier_membership=True)
    await world.end_phase()
    number = await world.find_number(ADA)
    newcomer = await use_component(77, str(number))
    newcomer.user.joined_at = datetime.fromtimestamp(NOON + 1, UTC)
    member = await use_component(78, str(number))
    member.user.joined_at = datetime.fromtimestamp(NOON - 1, UTC)

    for interaction in (newcomer, member):
        await world.ballots.choose(interaction, BallotChoiceId(CONTEST_ID, Phase.VOTING, 1, 1, 0))

    assert newcomer.shown[0].startswith("Only members who were here before")
    assert [row["user_id"] for row in read_rows(world.url, round_ballots)] == [78]


async def test_a_ballot_is_opened_only_while_a_vote_is_on(world: World) -> None:
    await world.start()
    interaction = await use_component(ADA)

    await world.ballots.open_ballot(interaction, VoteId(CONTEST_ID))

    assert "This vote has closed" in interaction.shown[0]


async def extend(host: HostCommands, interaction: Any) -> None:
    await host.extend(interaction, "10m", CONTEST_ID)


async def close(host: HostCommands, interaction: Any) -> None:
    await host.close(interaction, CONTEST_ID)


async def cancel(host: HostCommands, interaction: Any) -> None:
    await host.cancel(interaction, "a test", CONTEST_ID)


async def disqualify(host: HostCommands, interaction: Any) -> None:
    await host.disqualify(interaction, 1, "a test", CONTEST_ID)


HostAction = Callable[[HostCommands, Any], Awaitable[None]]


@pytest.mark.parametrize("act", [extend, close, cancel, disqualify])
async def test_members_can_do_nothing_that_is_the_hosts(world: World, act: HostAction) -> None:
    await world.start()
    before = await world.end_phase()
    for place in ({}, {"guild_id": 2}):
        interaction = await use_component(ADA, **place)
        await act(world.host, interaction)
        assert interaction.shown[0].startswith(("Only the host", "I don't know that contest"))

    assert await world.load_contest() == before
    assert read_rows(world.url, audit_entries) == []


@pytest.mark.parametrize("act", [extend, close, cancel, disqualify])
@pytest.mark.parametrize(("user_id", "permissions"), [(HOST_ID, discord.Permissions.none()), (77, MODERATOR)])
async def test_the_host_and_moderators_can_and_it_is_in_the_audit_log(
    world: World, act: HostAction, user_id: int, permissions: discord.Permissions
) -> None:
    await world.start()
    before = await world.end_phase()
    interaction = await use_component(user_id, channel_id=3, parent_id=2, permissions=permissions)

    await act(world.host, interaction)

    assert (await world.load_contest()).version > before.version
    (line,) = read_rows(world.url, audit_entries)
    assert (line["actor_id"], line["target_id"]) == (user_id, before.channel_id)
    assert line["old_value"] is None  # it names no job: that would tell whose entry it is


async def test_only_a_moderator_decides_a_tie_and_only_that_of_this_round(world: World) -> None:
    await world.start()
    await world.end_phase()
    numbers = [await world.find_number(user_id) for user_id in (ADA, BEN)]
    for voter, number in zip((301, 302), numbers, strict=True):
        await world.vote(voter, number)
    assert (await world.end_phase()).phase is Phase.DECIDING
    host = await use_component(HOST_ID, str(numbers[1]))
    moderator = await use_component(77, str(numbers[1]), channel_id=3, parent_id=2, permissions=MODERATOR)

    await world.host.decide(host, DecideTieId(CONTEST_ID, 1))
    await world.host.decide(moderator, DecideTieId(CONTEST_ID, 2))
    assert (await world.load_contest()).phase is Phase.DECIDING
    await world.host.decide(moderator, DecideTieId(CONTEST_ID, 1))

    assert host.shown[0].startswith("Only moderators decide")
    assert moderator.shown[1] == f"Entry {numbers[1]} wins."
    entries = await world.stores.contests.list_entries(CONTEST_ID)
    assert [entry.author_id for entry in entries if entry.is_winner] == [BEN]

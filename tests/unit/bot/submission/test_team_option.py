"""For whom a member asks: the team that they name now and keep, the one that they chose before, or themselves."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.domain.teams import MYSELF, Team, TeamChoice
from bot.interactions.teams import find_lost_team, load_team_choice, require_team
from bot.submission.team_option import TeamOption
from shared.problems import RejectedError
from tests.support.members import make_interaction

MAKERS, ARTISTS, OTHERS = Team(7, 1, "Makers"), Team(8, 1, "The artists"), Team(9, 1, "Others")


@dataclass
class FakeTeamStore:
    """A `TeamStore` and `TeamChoiceReader` in memory, with the choices by user."""

    choices: dict[int, TeamChoice] = field(default_factory=dict)
    error: Exception | None = None

    async def list_teams(self, guild_id: int, role_ids: Any = None) -> list[Team]:
        if self.error is not None:
            raise self.error
        assert guild_id == 1
        return [team for team in (MAKERS, ARTISTS, OTHERS) if role_ids is None or team.role_id in role_ids]

    async def save_choice(self, guild_id: int, user_id: int, role_id: int) -> None:
        self.choices[user_id] = TeamChoice(role_id)

    async def load_choice(self, guild_id: int, user_id: int) -> TeamChoice:
        if self.error is not None:
            raise self.error
        return self.choices.get(user_id, TeamChoice())


async def load_interaction(store: FakeTeamStore) -> Any:
    interaction = await make_interaction(role_ids=(7, 8), team_choice=None)
    for team in (MAKERS, ARTISTS):
        interaction.guild.get_role(team.role_id).name = team.name
    await load_team_choice(interaction, store)
    return interaction


@pytest.mark.parametrize(("value", "expected"), [("7", MAKERS), ("the ARTISTS ", ARTISTS), (str(MYSELF), None)])
async def test_the_named_team_counts_for_this_interaction_and_is_remembered(value: str, expected: Team | None) -> None:
    store = FakeTeamStore({10: TeamChoice(8, ARTISTS)})
    interaction = await load_interaction(store)

    chosen = await TeamOption(store).choose_team(interaction, value)

    assert (chosen and chosen.role_id) == (expected and expected.role_id)
    assert require_team(interaction) == chosen
    assert store.choices[10].role_id == (expected.role_id if expected else MYSELF)


@pytest.mark.parametrize("value", ["9", "others", "nobody", "", "*"])
async def test_a_team_of_others_is_refused_and_the_choice_stays(value: str) -> None:
    store = FakeTeamStore({10: TeamChoice(8, ARTISTS)})
    interaction = await load_interaction(store)

    with pytest.raises(RejectedError, match="team_not_yours"):
        await TeamOption(store).choose_team(interaction, value)

    assert (await TeamOption(store).choose_team(interaction, None) or MAKERS).role_id == 8


@pytest.mark.parametrize(
    ("choice", "team_id", "lost_id"),
    [
        (TeamChoice(), None, None),
        (TeamChoice(MYSELF), None, None),
        (TeamChoice(8, ARTISTS), 8, None),
        (TeamChoice(9, OTHERS), None, 9),
        (TeamChoice(8, None), None, 8),
    ],
)
async def test_a_choice_counts_while_its_team_is_one_of_the_members(
    choice: TeamChoice, team_id: int | None, lost_id: int | None
) -> None:
    interaction = await load_interaction(FakeTeamStore({10: choice}))

    team = require_team(interaction)

    assert (team and team.role_id, find_lost_team(interaction)) == (team_id, lost_id)


async def test_nothing_is_asked_for_a_wrong_account_where_the_choice_cannot_be_read() -> None:
    store = FakeTeamStore(error=RuntimeError("no database"))
    interaction = await load_interaction(store)

    with pytest.raises(RejectedError, match="lookup_timed_out"):
        require_team(interaction)


async def test_a_team_is_not_lost_while_the_roles_of_the_server_are_unknown() -> None:
    interaction = await load_interaction(FakeTeamStore({10: TeamChoice(8, ARTISTS)}))
    interaction.guild._roles.clear()

    for ask in (require_team, find_lost_team):
        with pytest.raises(RejectedError, match="lookup_timed_out"):
            ask(interaction)


async def test_a_team_has_the_present_name_of_its_role() -> None:
    interaction = await load_interaction(FakeTeamStore({10: TeamChoice(8, ARTISTS)}))
    interaction.guild.get_role(8).name = "Painters"

    team = require_team(interaction)

    assert team is not None
    assert team.ref.name == "Painters"


async def test_the_members_teams_and_themselves_are_offered() -> None:
    store = FakeTeamStore()
    interaction, option = await load_interaction(store), TeamOption(store)

    offered = [(choice.name, choice.value) for choice in await option.autocomplete_team(interaction, "")]
    assert offered == [("Makers", "7"), ("The artists", "8"), ("for myself", str(MYSELF))]
    assert [choice.value for choice in await option.autocomplete_team(interaction, " ART")] == ["8"]
    store.error = RejectedError()
    assert await option.autocomplete_team(interaction, "") == []

"""Who may change a batch, and who may decide on its pictures."""

from dataclasses import replace

import discord
import pytest

from bot.domain.teams import Team
from bot.features.batches.rights import may_manage, may_review
from shared.job import TeamRef
from tests.support.batches import make_started_batch
from tests.support.builders import ADA_ID
from tests.support.members import make_interaction

TEAM_ROLE, APPROVER_ROLE, OTHER_ROLE = 50, 60, 70
OWN = make_started_batch()
FOR_TEAM = make_started_batch(team=TeamRef(id=TEAM_ROLE, name="Shop"))
TEAM = Team(TEAM_ROLE, 1, "Shop")
MODERATOR = discord.Permissions(moderate_members=True)


@pytest.mark.parametrize(
    ("who", "of_own", "of_team", "of_team_with_approvers", "of_removed_team"),
    [
        ({"user_id": ADA_ID}, "mr", "m", "m", "m"),
        ({"user_id": 9}, "", "", "", ""),
        ({"user_id": 9, "role_ids": [OTHER_ROLE]}, "", "", "", ""),
        ({"user_id": 9, "role_ids": [TEAM_ROLE]}, "", "mr", "m", "mr"),
        ({"user_id": 9, "role_ids": [APPROVER_ROLE]}, "", "", "mr", ""),
        ({"user_id": 9, "permissions": MODERATOR}, "mr", "mr", "mr", "mr"),
    ],
)
async def test_rights_follow_from_the_requester_the_team_its_approvers_and_moderators(
    who: dict[str, object], of_own: str, of_team: str, of_team_with_approvers: str, of_removed_team: str
) -> None:
    interaction = await make_interaction(**who)  # type: ignore[arg-type]
    cases = [
        (OWN, None, of_own),
        (FOR_TEAM, TEAM, of_team),
        (FOR_TEAM, replace(TEAM, approver_role_id=APPROVER_ROLE), of_team_with_approvers),
        (FOR_TEAM, None, of_removed_team),
    ]

    for batch, team, expected in cases:
        found = ("m" if may_manage(interaction, batch, team) else "") + (
            "r" if may_review(interaction, batch, team) else ""
        )
        assert found == expected

"""The team for which the user of an interaction asks.

`bot.discord_client` loads their choice once for each interaction, before any handler runs.
"""

import logging
from dataclasses import replace
from typing import Final, Protocol

import discord

from bot.domain.teams import MYSELF, Team, TeamChoice
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.usage import list_role_ids
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_CHOICE_KEY: Final = "team choice"


class TeamChoiceReader(Protocol):
    """Loads the choices of members. Implemented by `bot.storage`."""

    async def load_choice(self, guild_id: int, user_id: int) -> TeamChoice: ...


async def load_team_choice(interaction: discord.Interaction, teams: TeamChoiceReader | None) -> None:
    """Load the user's choice into the interaction; a failure is logged, and leaves it without any."""
    if teams is None or interaction.guild_id is None:
        interaction.extras[_CHOICE_KEY] = TeamChoice()
        return
    try:
        async with limit_lookup_time(interaction):
            interaction.extras[_CHOICE_KEY] = await teams.load_choice(interaction.guild_id, interaction.user.id)
    except Exception:
        log.warning("interaction %s: the team could not be loaded", interaction.id, exc_info=True)


def set_team_choice(interaction: discord.Interaction, choice: TeamChoice) -> None:
    """Let the user ask for this team for the rest of the interaction."""
    interaction.extras[_CHOICE_KEY] = choice


def ask_for_oneself(interaction: discord.Interaction) -> None:
    """Let the user ask for themselves for the rest of the interaction, whatever they chose."""
    set_team_choice(interaction, TeamChoice())


def require_team(interaction: discord.Interaction) -> Team | None:
    """Return the team for which the user asks, with the present name of its role; None if they ask for themselves.

    Raises `RejectedError` (lookup_timed_out) if that could not be loaded.
    """
    team = _require_choice(interaction).get_team(list_role_ids(interaction.user))
    return None if team is None else name_team(team, interaction.guild)


def name_team(team: Team, guild: discord.Guild | None) -> Team:
    """Give a team the present name of its role, as far as that is known."""
    role = None if guild is None else guild.get_role(team.role_id)
    return team if role is None else replace(team, name=role.name)


def get_chosen_role_id(interaction: discord.Interaction) -> int:
    """Return the role of the team for which the user asks, or `MYSELF`. Raises as `require_team` does."""
    team = require_team(interaction)
    return MYSELF if team is None else team.role_id


def find_lost_team(interaction: discord.Interaction) -> int | None:
    """Return the role of the team that the user chose, if it is no longer a team of theirs.

    Raises `RejectedError` (lookup_timed_out) if that could not be loaded.
    """
    choice = _require_choice(interaction)
    return choice.role_id if choice.is_lost(list_role_ids(interaction.user)) else None


def _require_choice(interaction: discord.Interaction) -> TeamChoice:
    """Return the choice. While Discord has not sent the roles of the server, nobody has any, which proves nothing."""
    choice, guild = interaction.extras.get(_CHOICE_KEY), interaction.guild
    is_known = isinstance(choice, TeamChoice) and (choice.role_id == MYSELF or (guild is not None and guild.roles))
    if not isinstance(choice, TeamChoice) or not is_known:
        raise RejectedError(make_problem("lookup_timed_out"))
    return choice

"""The `team` option: for whom a member asks, themselves or one of their teams."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import discord
from discord.app_commands import Choice

from bot.domain.teams import MYSELF, Team, TeamChoice, find_team
from bot.interactions.locale import get_localized_messages
from bot.interactions.teams import name_team, require_team, set_team_choice
from bot.interactions.usage import list_role_ids
from bot.rendering.markdown import truncate_text
from shared.problems import RejectedError, make_problem

_LABEL_LIMIT: Final = 100


class TeamStore(Protocol):
    """Lists teams and remembers choices. Implemented by `bot.storage`."""

    async def list_teams(self, guild_id: int, role_ids: Collection[int] | None = None) -> Sequence[Team]: ...

    async def save_choice(self, guild_id: int, user_id: int, role_id: int) -> None: ...


@dataclass(frozen=True)
class TeamOption:
    """Finds the team for which a member asks."""

    team_store: TeamStore

    async def choose_team(self, interaction: discord.Interaction, value: str | None) -> Team | None:
        """Return the team for which the user asks; None for themselves.

        `value` is that of `autocomplete_team`, or the name of a team, and is remembered; without one, the choice that
        they made before counts. The rest of the interaction obeys it, too. Raises `RejectedError` (team_not_yours,
        lookup_timed_out, database_unavailable).
        """
        if value is not None:
            await self.save_choice(interaction, value)
        return require_team(interaction)

    async def save_choice(self, interaction: discord.Interaction, value: str) -> None:
        """Remember for whom the user asks. Raises `RejectedError` (team_not_yours, database_unavailable)."""
        team = None if value == str(MYSELF) else await self._find_own_team(interaction, value)
        role_id = MYSELF if team is None else team.role_id
        await self.team_store.save_choice(interaction.guild_id or 0, interaction.user.id, role_id)
        set_team_choice(interaction, TeamChoice(role_id, team))

    async def list_own_teams(self, interaction: discord.Interaction) -> Sequence[Team]:
        """List the user's teams. Raises `RejectedError` (database_unavailable)."""
        if interaction.guild_id is None:
            return ()
        teams = await self.team_store.list_teams(interaction.guild_id, list_role_ids(interaction.user))
        return [name_team(team, interaction.guild) for team in teams]

    async def autocomplete_team(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the user's teams, and themselves."""
        typed, messages = current.strip().casefold(), get_localized_messages(interaction)
        try:
            teams = await self.list_own_teams(interaction)
        except RejectedError:
            return []
        names = {str(team.role_id): truncate_text(team.name, _LABEL_LIMIT) for team in teams}
        names[str(MYSELF)] = messages.text("team.myself")
        return [Choice(name=name, value=value) for value, name in names.items() if typed in name.casefold()]

    async def _find_own_team(self, interaction: discord.Interaction, value: str) -> Team:
        team = find_team(await self.list_own_teams(interaction), value)
        if team is None:
            raise RejectedError(make_problem("team_not_yours", name=truncate_text(value.strip(), 50)))
        return team

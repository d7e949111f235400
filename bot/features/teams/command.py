"""The subcommands of `/team`: setup, list, show, edit, remove and choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT
from bot.domain.budgets import BudgetScope, Spender, to_micro_usd
from bot.domain.presets import Preset
from bot.domain.teams import MAX_WEIGHT, MIN_WEIGHT, Team, find_team
from bot.features.teams.choices import MAX_LIMIT_USD, apply_options
from bot.features.teams.custom_ids import Section, TeamChoiceId, TeamUndoId
from bot.features.teams.panel import TeamPanelHandlers, require_team_manager
from bot.features.teams.view import build_choice_view, build_team_list, build_team_view
from bot.interactions.components import get_selected_value
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.panels import build_note
from bot.interactions.responses import RenderedMessage, respond_privately, respond_with, update_message
from bot.interactions.teams import get_chosen_role_id, name_team, require_team
from bot.interactions.usage import list_role_ids
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown, truncate_text
from bot.storage.budgets import SqlBudgetStore
from bot.storage.presets import SqlPresetStore
from bot.storage.teams import SqlTeamStore
from bot.submission.preset_option import PRESET_NAME_LIMIT, make_unknown_preset_error
from bot.submission.saved_names import find_named, list_matching
from bot.submission.team_option import TeamOption
from shared.job import Priority
from shared.problems import RejectedError, make_problem

NAME_LIMIT: Final = 100


@dataclass(frozen=True)
class TeamCommands:
    """Everyone may see the teams of a server and choose among their own; those who manage it change them."""

    team_store: SqlTeamStore
    team_option: TeamOption
    budget_store: SqlBudgetStore
    presets: SqlPresetStore
    panel: TeamPanelHandlers

    async def set_up_team(
        self,
        interaction: discord.Interaction,
        role: discord.Role,
        weight: app_commands.Range[float, MIN_WEIGHT, MAX_WEIGHT] | None = None,
        approver: discord.Role | None = None,
        approval_limit: app_commands.Range[float, 0.01, float(MAX_LIMIT_USD)] | None = None,
        priority: str | None = None,
        preset: app_commands.Range[str, 1, PRESET_NAME_LIMIT] | None = None,
    ) -> None:
        """Make a role a team, and show the panel with the rest of its settings."""
        require_team_manager(interaction)
        guild_id = interaction.guild_id or 0
        if role.is_default():
            raise RejectedError(make_problem("team_everyone"))

        async def render() -> RenderedMessage:
            team = Team(
                role_id=role.id,
                guild_id=guild_id,
                name=role.name,
                weight=weight or 1.0,
                approver_role_id=approver.id if approver else None,
                approval_limit=None if approval_limit is None else to_micro_usd(approval_limit),
                priority=Priority(priority or Priority.NORMAL),
            )
            if preset is not None:
                team = apply_options(team, (await self._find_preset(guild_id, preset)).options)
            change = await self.team_store.add_team(team, interaction.user.id)
            note = get_localized_messages(interaction).text("team.was_set_up", role=role.mention)
            return await self.panel.render_panel(interaction, team, Section.TURNS, note, TeamUndoId(change.entry_id))

        await respond_with(interaction, render)

    async def edit_team(self, interaction: discord.Interaction, team: str) -> None:
        """Show the panel of a team."""
        require_team_manager(interaction)

        async def render() -> RenderedMessage:
            return await self.panel.render_panel(interaction, await self._find_team(interaction, team), Section.TURNS)

        await respond_with(interaction, render)

    async def remove_team(self, interaction: discord.Interaction, team: str) -> None:
        """Remove a team: its role stays, and its members ask for themselves."""
        require_team_manager(interaction)

        async def render() -> RenderedMessage:
            found = await self._find_team(interaction, team)
            change = await self.team_store.remove_team(found.guild_id, found.role_id, interaction.user.id)
            messages = get_localized_messages(interaction)
            note = messages.text(
                "team.was_removed", role=self.panel.build_labels(interaction).format_role(found.role_id)
            )
            return RenderedMessage(build_container_view(build_note(note, TeamUndoId(change.entry_id), messages)))

        await respond_with(interaction, render)

    async def list_teams(self, interaction: discord.Interaction) -> None:
        """List the teams of the server."""

        async def render() -> RenderedMessage:
            teams = await self._list_teams(interaction)
            labels = self.panel.build_labels(interaction)
            return RenderedMessage(build_team_list(teams, list_role_ids(interaction.user), labels))

        await respond_with(interaction, render)

    async def show_team(self, interaction: discord.Interaction, team: str) -> None:
        """Show a team, its settings, its budgets and the rest of each."""

        async def render() -> RenderedMessage:
            found = await self._find_team(interaction, team)
            usages = await self.budget_store.list_usage(Spender(0, found.guild_id, 0, team_id=found.role_id))
            usages = [usage for usage in usages if usage.budget.scope is BudgetScope.TEAM]
            return RenderedMessage(build_team_view(found, self.panel.build_labels(interaction), usages))

        await respond_with(interaction, render)

    async def choose_team(self, interaction: discord.Interaction, team: str | None = None) -> None:
        """Remember for which team the member asks, or let them choose among theirs."""
        async with limit_lookup_time(interaction):
            if team is not None:
                await self.team_option.save_choice(interaction, team)
                await respond_privately(interaction, self._format_choice(interaction))
                return
            own = await self.team_option.list_own_teams(interaction)
        if not own:
            await respond_privately(interaction, get_localized_messages(interaction).text("team.no_own"))
            return

        async def render() -> RenderedMessage:
            return self._render_choice(interaction, own, "")

        await respond_with(interaction, render)

    async def save_choice(self, interaction: discord.Interaction, custom_id: TeamChoiceId) -> None:
        """Remember the team that was selected."""
        del custom_id
        value = get_selected_value(interaction)

        async def render() -> RenderedMessage:
            await self.team_option.save_choice(interaction, value)
            own = await self.team_option.list_own_teams(interaction)
            return self._render_choice(interaction, own, self._format_choice(interaction))

        await update_message(interaction, render)

    async def autocomplete_team(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the teams of the server."""
        typed = current.strip().casefold()
        try:
            teams = await self._list_teams(interaction)
        except RejectedError:
            return []
        return [
            Choice(name=truncate_text(team.name, LABEL_LIMIT), value=str(team.role_id))
            for team in teams
            if typed in team.name.casefold()
        ][:CHOICES_LIMIT]

    async def autocomplete_preset(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the presets of the server."""
        try:
            presets = await self.presets.list_guild_presets(interaction.guild_id or 0)
        except RejectedError:
            return []
        return [Choice(name=preset.name, value=preset.name) for preset in list_matching(presets, current)]

    async def _find_preset(self, guild_id: int, name: str) -> Preset:
        preset = find_named(await self.presets.list_guild_presets(guild_id), name.strip().casefold())
        if preset is None:
            raise make_unknown_preset_error(name)
        return preset

    async def _list_teams(self, interaction: discord.Interaction) -> Sequence[Team]:
        """List the teams of the server, with the present names of their roles."""
        teams = await self.team_store.list_teams(interaction.guild_id or 0)
        return [name_team(team, interaction.guild) for team in teams]

    async def _find_team(self, interaction: discord.Interaction, value: str) -> Team:
        """Find the team whose role or name this is. Raises `RejectedError` (team_unknown)."""
        team = find_team(await self._list_teams(interaction), value)
        if team is None:
            raise RejectedError(make_problem("team_unknown"))
        return team

    def _render_choice(self, interaction: discord.Interaction, own: Sequence[Team], note: str) -> RenderedMessage:
        chosen_id = get_chosen_role_id(interaction)
        return RenderedMessage(build_choice_view(own, chosen_id, note, get_localized_messages(interaction)))

    def _format_choice(self, interaction: discord.Interaction) -> str:
        team, messages = require_team(interaction), get_localized_messages(interaction)
        if team is None:
            return messages.text("team.chose_myself")
        return messages.text("team.chose", team=escape_markdown(team.name, NAME_LIMIT))

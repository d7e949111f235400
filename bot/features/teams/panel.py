"""The panel of a team: saves each choice of those who manage the server, and undoes it."""

from collections.abc import Callable
from dataclasses import dataclass

import discord

from bot.domain.teams import Team, TeamChange
from bot.features.teams.choices import TeamChoices, apply_text
from bot.features.teams.custom_ids import (
    SECTION_OF_SETTING,
    FilledTeamFormId,
    Section,
    TeamFormId,
    TeamSectionId,
    TeamSettingId,
    TeamUndoId,
)
from bot.features.teams.view import TeamPanel
from bot.interactions.components import get_selected_value, get_selected_values
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.panels import FORM_FIELD, build_note
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import RenderedMessage, format_problems, open_modal, update_message
from bot.interactions.teams import name_team
from bot.rendering.layout import build_container_view
from bot.rendering.team_labels import TeamLabels
from bot.storage.presets import SqlPresetStore
from bot.storage.style_sets import SqlStyleSetStore
from bot.storage.teams import SqlTeamStore
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class TeamPanelHandlers:
    """Shows the panel of a team, and handles its components. Each checks anew that the member may use it."""

    team_store: SqlTeamStore
    presets: SqlPresetStore
    style_sets: SqlStyleSetStore
    catalogue: Catalogue

    async def render_panel(
        self,
        interaction: discord.Interaction,
        team: Team,
        section: Section,
        note: str = "",
        undo: TeamUndoId | None = None,
    ) -> RenderedMessage:
        """Render a section of the panel, below a note about a change."""
        panel = await self._load_panel(interaction, team)
        return RenderedMessage(panel.build_view(section, note, undo))

    async def show_section(self, interaction: discord.Interaction, custom_id: TeamSectionId) -> None:
        """Show a section of the panel."""
        require_team_manager(interaction)
        value = get_selected_value(interaction)
        section = Section(value) if value in set(Section) else Section.TURNS

        async def render() -> RenderedMessage:
            return await self.render_panel(
                interaction, await self._require_team(interaction, custom_id.role_id), section
            )

        await update_message(interaction, render)

    async def change_setting(self, interaction: discord.Interaction, custom_id: TeamSettingId) -> None:
        """Save the choice of a select."""
        require_team_manager(interaction)
        values = get_selected_values(interaction)

        def apply(team: Team, choices: TeamChoices) -> Team:
            return choices.apply_values(team, custom_id.name, values)

        await self._change(interaction, custom_id.role_id, SECTION_OF_SETTING[custom_id.name], apply)

    async def open_form(self, interaction: discord.Interaction, custom_id: TeamFormId) -> None:
        """Open the form of a setting that is typed."""
        require_team_manager(interaction)
        async with limit_lookup_time(interaction):
            panel = await self._load_panel(interaction, await self._require_team(interaction, custom_id.role_id))
        await open_modal(interaction, panel.build_form(custom_id.name))

    async def submit_form(self, interaction: discord.Interaction, custom_id: FilledTeamFormId) -> None:
        """Save the text of a form; an empty one clears the setting."""
        require_team_manager(interaction)
        text = read_modal_fields(interaction).get_text(FORM_FIELD) or ""

        def apply(team: Team, choices: TeamChoices) -> Team:
            del choices
            return apply_text(team, custom_id.name, text)

        await self._change(interaction, custom_id.role_id, SECTION_OF_SETTING[custom_id.name], apply)

    async def undo_change(self, interaction: discord.Interaction, custom_id: TeamUndoId) -> None:
        """Undo a change, if the team still is as it made it."""
        require_team_manager(interaction)
        guild_id = interaction.guild_id or 0

        async def undo() -> RenderedMessage:
            change = await self.team_store.undo_change(guild_id, interaction.user.id, custom_id.entry_id)
            messages = get_localized_messages(interaction)
            team = await self.team_store.find_team(guild_id, change.role_id)
            again = TeamUndoId(change.entry_id)
            if team is None:
                role = self.build_labels(interaction).format_role(change.role_id)
                note = build_note(messages.text("team.was_removed", role=role), again, messages)
                return RenderedMessage(build_container_view(note))
            return await self.render_panel(
                interaction, team, _find_section(change), self._format_note(interaction, "team.undone", change), again
            )

        await update_message(interaction, undo)

    def build_labels(self, interaction: discord.Interaction) -> TeamLabels:
        """Build the labels of settings in the user's language."""
        return TeamLabels(get_localized_messages(interaction), self.catalogue, interaction.guild)

    async def _change(
        self,
        interaction: discord.Interaction,
        role_id: int,
        section: Section,
        apply: Callable[[Team, TeamChoices], Team],
    ) -> None:
        """Change a team, and show the section with the change, or with the reason why there is none."""

        async def change_and_render() -> RenderedMessage:
            team, choices = await self._require_team(interaction, role_id), await self._load_choices(interaction)
            note, undo = "", None
            try:
                named = name_team(apply(team, choices), interaction.guild)
                change = await self.team_store.change_team(interaction.user.id, team, named)
            except RejectedError as rejection:
                note = format_problems(interaction, rejection.problems)
            else:
                if change is not None:
                    note, undo = self._format_note(interaction, "team.changed", change), TeamUndoId(change.entry_id)
            panel = TeamPanel(await self._require_team(interaction, role_id), choices, self.build_labels(interaction))
            return RenderedMessage(panel.build_view(section, note, undo))

        await update_message(interaction, change_and_render)

    def _format_note(self, interaction: discord.Interaction, key: str, change: TeamChange) -> str:
        labels = self.build_labels(interaction)
        if not change.old or not change.new:
            return labels.messages.text("team.was_set_up", role=labels.format_role(change.role_id))
        return labels.messages.text(key, changes=labels.format_change(change))

    async def _require_team(self, interaction: discord.Interaction, role_id: int) -> Team:
        team = await self.team_store.find_team(interaction.guild_id or 0, role_id)
        if team is None:
            raise RejectedError(make_problem("team_unknown"))
        return team

    async def _load_panel(self, interaction: discord.Interaction, team: Team) -> TeamPanel:
        return TeamPanel(team, await self._load_choices(interaction), self.build_labels(interaction))

    async def _load_choices(self, interaction: discord.Interaction) -> TeamChoices:
        guild = interaction.guild
        if guild is None:  # an interaction of a server that the bot has left meanwhile
            raise RejectedError(make_problem("team_not_allowed"))
        presets = await self.presets.list_guild_presets(guild.id)
        return TeamChoices(guild, self.catalogue, presets, await self.style_sets.list_guild_style_sets(guild.id))


def require_team_manager(interaction: discord.Interaction) -> None:
    """Let only members who can manage the server go on. Raises `RejectedError` (team_not_allowed)."""
    require_guild_manager(interaction, "team_not_allowed")


def _find_section(change: TeamChange) -> Section:
    """Find the section of the settings that a change has changed."""
    is_of_options = (
        change.old is not None and change.new is not None and not change.new.keys().isdisjoint({"defaults", "locked"})
    )
    return Section.OPTIONS if is_of_options else Section.TURNS

"""The command `/server`: shows the settings of a server privately, and changes them in the same message."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import discord

from bot.domain.guild_settings import GuildSettings, SettingChange
from bot.features.server_settings.choices import SettingChoices
from bot.features.server_settings.sections import (
    SECTION_OF_SETTING,
    FilledServerFormId,
    Section,
    ServerFormId,
    ServerSectionId,
    ServerSettingId,
    ServerUndoId,
)
from bot.features.server_settings.view import ServerPanel
from bot.interactions.components import get_selected_value, get_selected_values
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, require_guild_settings, set_guild_settings
from bot.interactions.modals import read_modal_fields
from bot.interactions.panels import FORM_FIELD
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import (
    RenderedMessage,
    format_problems,
    open_modal,
    respond_with,
    update_message,
)
from bot.rendering.setting_labels import SettingLabels
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.presets import SqlPresetStore
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ServerSettingsCommand:
    """Shows the settings to those who may manage the server, saves each choice, and undoes it.

    `image_retention_days` is how long the bot keeps images at most.
    """

    guild_settings: SqlGuildSettingsStore
    presets: SqlPresetStore
    catalogue: Catalogue
    image_retention_days: float

    async def show_overview(self, interaction: discord.Interaction) -> None:
        """Show all settings."""
        require_guild_manager(interaction, "settings_not_allowed")

        async def render() -> RenderedMessage:
            return RenderedMessage((await self._load_panel(interaction)).build_view(None))

        await respond_with(interaction, render)

    async def show_section(self, interaction: discord.Interaction, custom_id: ServerSectionId) -> None:
        """Show the settings of a section with the components that change them."""
        del custom_id
        require_guild_manager(interaction, "settings_not_allowed")
        value = get_selected_value(interaction)
        section = Section(value) if value in set(Section) else None

        async def render() -> RenderedMessage:
            return RenderedMessage((await self._load_panel(interaction)).build_view(section))

        await update_message(interaction, render)

    async def change_setting(self, interaction: discord.Interaction, custom_id: ServerSettingId) -> None:
        """Save the choice of a select."""
        require_guild_manager(interaction, "settings_not_allowed")
        values = get_selected_values(interaction)

        async def change(choices: SettingChoices) -> SettingChange | None:
            old = require_guild_settings(interaction)
            return await self._save(interaction, choices.apply_values(old, custom_id.name, custom_id.part, values))

        await self._change(interaction, SECTION_OF_SETTING[custom_id.name], "changed", change)

    async def open_form(self, interaction: discord.Interaction, custom_id: ServerFormId) -> None:
        """Open the form of a setting that is typed."""
        require_guild_manager(interaction, "settings_not_allowed")
        async with limit_lookup_time(interaction):
            panel = await self._load_panel(interaction)
        await open_modal(interaction, panel.build_form(custom_id.name))

    async def submit_form(self, interaction: discord.Interaction, custom_id: FilledServerFormId) -> None:
        """Save the text of a form; an empty one clears the setting."""
        require_guild_manager(interaction, "settings_not_allowed")
        text = read_modal_fields(interaction).get_text(FORM_FIELD) or ""

        async def change(choices: SettingChoices) -> SettingChange | None:
            old = require_guild_settings(interaction)
            return await self._save(interaction, choices.apply_text(old, custom_id.name, text))

        await self._change(interaction, SECTION_OF_SETTING[custom_id.name], "changed", change)

    async def undo_change(self, interaction: discord.Interaction, custom_id: ServerUndoId) -> None:
        """Undo a change, if the setting still is as it made it."""
        require_guild_manager(interaction, "settings_not_allowed")

        async def undo(_: SettingChoices) -> SettingChange:
            guild_id = interaction.guild_id or 0
            change = await self.guild_settings.undo_change(guild_id, interaction.user.id, custom_id.entry_id)
            set_guild_settings(interaction, await self.guild_settings.load_settings(guild_id))
            return change

        await self._change(interaction, None, "undone", undo)

    async def _change(
        self,
        interaction: discord.Interaction,
        section: Section | None,
        key: str,
        change_setting: Callable[[SettingChoices], Awaitable[SettingChange | None]],
    ) -> None:
        """Change a setting, and show its section with the change, or with the reason why there is none."""

        async def change_and_render() -> RenderedMessage:
            change, problem = None, ""
            choices = await self._load_choices(interaction)
            try:
                change = await change_setting(choices)
            except RejectedError as rejection:
                problem = format_problems(interaction, rejection.problems)
            panel = self._build_panel(interaction, choices)
            if change is None:
                return RenderedMessage(panel.build_view(section, problem))
            note = panel.labels.format_change(f"server_panel.{key}", change)
            shown = SECTION_OF_SETTING.get(change.name, section)
            return RenderedMessage(panel.build_view(shown, note, ServerUndoId(change.entry_id)))

        await update_message(interaction, change_and_render)

    async def _save(self, interaction: discord.Interaction, new: GuildSettings) -> SettingChange | None:
        """Save the setting that differs; None if it is so already."""
        old, guild_id = require_guild_settings(interaction), interaction.guild_id or 0
        changes = await self.guild_settings.change_settings(guild_id, interaction.user.id, old, new)
        set_guild_settings(interaction, await self.guild_settings.load_settings(guild_id))
        return next(iter(changes), None)

    async def _load_panel(self, interaction: discord.Interaction) -> ServerPanel:
        return self._build_panel(interaction, await self._load_choices(interaction))

    def _build_panel(self, interaction: discord.Interaction, choices: SettingChoices) -> ServerPanel:
        settings, messages = require_guild_settings(interaction), get_localized_messages(interaction)
        labels = SettingLabels(messages, self.catalogue, choices.guild, choices.presets)
        return ServerPanel(settings, choices, labels, datetime.now(UTC))

    async def _load_choices(self, interaction: discord.Interaction) -> SettingChoices:
        """Load the choices that depend on the server. Raises `RejectedError`."""
        guild = interaction.guild
        if guild is None:  # an interaction of a server that the bot has left meanwhile
            raise RejectedError(make_problem("settings_not_allowed"))
        presets = await self.presets.list_guild_presets(guild.id)
        names = {preset.code: preset.name for preset in presets}
        return SettingChoices(guild, self.catalogue, names, int(self.image_retention_days))

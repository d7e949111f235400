"""The command `/preferences`: shows a person's preferences privately, and changes them in the same message."""

from dataclasses import dataclass

import discord

from bot.domain.ports import PreferencesStore
from bot.domain.preferences import Preferences
from bot.features.preferences.choices import PreferenceSelectId, apply_choice
from bot.features.preferences.view import build_preferences_view
from bot.interactions.components import get_selected_value
from bot.interactions.locale import get_localized_messages, require_preferences, set_preferences
from bot.interactions.responses import RenderedMessage, respond_outdated, respond_with, update_message
from shared.catalogue import Catalogue


@dataclass(frozen=True)
class PreferencesCommand:
    """Shows preferences, and saves each choice."""

    preferences_store: PreferencesStore
    catalogue: Catalogue

    async def show_preferences(self, interaction: discord.Interaction) -> None:
        """Show the current preferences."""

        async def render_current() -> RenderedMessage:
            return self._render_preferences(interaction)

        await respond_with(interaction, render_current)

    async def change_choice(self, interaction: discord.Interaction, custom_id: PreferenceSelectId) -> None:
        """Save the choice of a select."""
        value = get_selected_value(interaction)
        preferences = apply_choice(require_preferences(interaction), custom_id.field, value, self.catalogue)
        if preferences is None:
            await respond_outdated(interaction)
        else:
            await self._save_and_show(interaction, preferences)

    async def _save_and_show(self, interaction: discord.Interaction, preferences: Preferences) -> None:
        async def save_and_render() -> RenderedMessage:
            await self.preferences_store.save_preferences(interaction.user.id, preferences)
            set_preferences(interaction, preferences)
            return self._render_preferences(interaction)

        await update_message(interaction, save_and_render)

    def _render_preferences(self, interaction: discord.Interaction) -> RenderedMessage:
        preferences, messages = require_preferences(interaction), get_localized_messages(interaction)
        return RenderedMessage(build_preferences_view(preferences, self.catalogue, messages))

"""`/preferences`: what a person chose for everything they ask, shown to them alone and changed where it stands."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import discord
from discord import app_commands

from bot.discord_client.translator import localize_text
from bot.domain.ports import PreferencesStore
from bot.domain.preferences import Preferences
from bot.features.preferences.view import (
    DEFAULT_VALUE,
    LANGUAGE_FIELD,
    OPTION_FIELDS,
    TOGGLE_FIELDS,
    build_preferences_view,
    list_choices,
)
from bot.interactions.legacy import LegacyCustomId
from bot.interactions.locale import get_localized_messages, require_preferences, set_preferences
from bot.interactions.responses import RenderedMessage, respond_outdated, respond_with, update_message
from shared.catalogue import Catalogue

CommandHandler = Callable[[discord.Interaction], Coroutine[Any, Any, None]]


def build_preferences_command(handler: CommandHandler) -> app_commands.Command[Any, ..., None]:
    """Build the command, which has no options."""

    @app_commands.command(
        name=localize_text("command.preferences.name"), description=localize_text("command.preferences.description")
    )
    @app_commands.guild_only()
    @app_commands.guild_install()
    async def preferences(interaction: discord.Interaction) -> None:
        await handler(interaction)

    return preferences


@dataclass(frozen=True)
class PreferencesCommand:
    """Shows what is chosen, and keeps what is chosen next."""

    preferences_store: PreferencesStore
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction) -> None:
        """Answer the command."""

        async def chosen() -> RenderedMessage:
            return self._render_preferences(interaction)

        await respond_with(interaction, chosen)

    async def handle_change(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        """Keep what a select or a button says, and show it."""
        after = apply_choice(require_preferences(interaction), parsed_id, self.catalogue)
        if after is None:
            await respond_outdated(interaction)
            return

        async def kept() -> RenderedMessage:
            await self.preferences_store.save_preferences(interaction.user.id, after)
            set_preferences(interaction, after)
            return self._render_preferences(interaction)

        await update_message(interaction, kept)

    def _render_preferences(self, interaction: discord.Interaction) -> RenderedMessage:
        today, phrases = datetime.now(UTC).date(), get_localized_messages(interaction)
        return RenderedMessage(build_preferences_view(require_preferences(interaction), self.catalogue, today, phrases))


def apply_choice(before: Preferences, parsed_id: LegacyCustomId, catalogue: Catalogue) -> Preferences | None:
    """Lay one choice over what was chosen; None where there is no such choice, as in an older message."""
    field, _, wanted = parsed_id.argument.partition("-")
    if field in TOGGLE_FIELDS and wanted in {"on", "off"}:
        on = wanted == "on"
        return replace(before, pings=on) if field == "pings" else replace(before, private=on)
    value = next(iter(parsed_id.values), "")
    if field not in {LANGUAGE_FIELD, *OPTION_FIELDS} or value not in {DEFAULT_VALUE, *list_choices(field, catalogue)}:
        return None
    if field == LANGUAGE_FIELD:
        return replace(before, language=None if value == DEFAULT_VALUE else value)
    others = {name: kept for name, kept in before.options.items() if name != field}
    chosen = {} if value == DEFAULT_VALUE else {field: float(value) if field == "keep" else value}
    return replace(before, options=others | chosen)

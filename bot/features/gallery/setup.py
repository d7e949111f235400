"""`/gallery setup`: shows the settings of the gallery privately, and changes them in the same message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import discord

from bot.domain.audit import AuditAction
from bot.domain.gallery import THRESHOLDS, GallerySettings
from bot.features.gallery.place import find_gallery_channel
from bot.features.gallery.setup_view import OFF, GallerySettingId, build_setup_view
from bot.interactions.audit import record_action
from bot.interactions.components import get_selected_values
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import RenderedMessage, respond_outdated, respond_with, update_message
from bot.storage.audit_log import SqlAuditLog
from bot.storage.gallery import SqlGalleryStore

_ON: Final = "on"


@dataclass(frozen=True)
class GallerySetup:
    """For members who may manage the server. Each choice is saved and recorded in the audit log."""

    gallery: SqlGalleryStore
    audit_log: SqlAuditLog

    async def show_settings(self, interaction: discord.Interaction) -> None:
        """Show the settings in force."""
        require_guild_manager(interaction, "settings_not_allowed")

        async def render_current() -> RenderedMessage:
            return self._render(interaction, await self.gallery.load_settings(interaction.guild_id or 0))

        await respond_with(interaction, render_current)

    async def change_setting(self, interaction: discord.Interaction, custom_id: GallerySettingId) -> None:
        """Save the choice of a select."""
        require_guild_manager(interaction, "settings_not_allowed")
        values = get_selected_values(interaction)
        if apply_choice(GallerySettings(), custom_id.field, values, interaction.guild) is None:
            await respond_outdated(interaction)
            return

        async def save_and_render() -> RenderedMessage:
            guild_id = interaction.guild_id or 0
            old = await self.gallery.load_settings(guild_id)
            settings = apply_choice(old, custom_id.field, values, interaction.guild) or old
            await self.gallery.save_settings(guild_id, settings)
            reason = f"gallery_{custom_id.field}: {_format_values(values, interaction.guild)}"
            await record_action(interaction, self.audit_log, AuditAction.CHANGE_SETTING, None, reason)
            return self._render(interaction, settings)

        await update_message(interaction, save_and_render)

    def _render(self, interaction: discord.Interaction, settings: GallerySettings) -> RenderedMessage:
        return RenderedMessage(build_setup_view(settings, interaction.guild, get_localized_messages(interaction)))


def apply_choice(
    settings: GallerySettings, field: str, values: Sequence[str], guild: discord.Guild | None
) -> GallerySettings | None:
    """Change a setting to the values of its select; None if they are no choice, as in an older or a forged message."""
    value = next(iter(values), OFF)
    changed: GallerySettings | None = None
    match field:
        case "channel":
            channel = find_gallery_channel(guild, int(value)) if value.isdecimal() else None
            if channel is not None or value == OFF:
                changed = replace(settings, channel_id=channel.id if channel else None)
        case "min_favourites" if value in {OFF, *map(str, THRESHOLDS)}:
            changed = replace(settings, min_favourites=None if value == OFF else int(value))
        case "own_marks" if value in {OFF, _ON}:
            changed = replace(settings, counts_own_marks=value == _ON)
        case "ignored" if guild is not None and all(map(str.isdecimal, values)):
            ids = frozenset(map(int, values))
            if all(guild.get_channel(channel_id) is not None for channel_id in ids):
                changed = replace(settings, ignored_channel_ids=ids)
    return changed


def _format_values(values: Sequence[str], guild: discord.Guild | None) -> str:
    """Format the values of a select for the audit log: channels by their names, which outlive them there."""
    channels = {value: guild.get_channel(int(value)) for value in values if guild is not None and value.isdecimal()}
    names = [f"#{channel.name}" if (channel := channels.get(value)) else value for value in values]
    return ", ".join(names) or OFF

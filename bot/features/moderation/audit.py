"""The command `/audit`, and the notices of its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.domain.audit import AuditEntry
from bot.domain.notices import Notice
from bot.features.moderation.view import AuditPageId, build_audit_notice, build_audit_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import RenderedMessage, respond_with, update_message
from bot.rendering.setting_labels import SettingLabels
from bot.storage.audit_log import SqlAuditLog
from bot.storage.presets import SqlPresetStore
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

PAGE_SIZE: Final = 15
_MAX_ITEMS: Final = 2


@dataclass(frozen=True)
class AuditCommands:
    """For members who manage the server."""

    audit_log: SqlAuditLog
    presets: SqlPresetStore
    catalogue: Catalogue

    async def show_audit_log(self, interaction: discord.Interaction) -> None:
        """Show the latest lines of the audit log."""
        require_guild_manager(interaction, "moderation_not_allowed")
        await respond_with(interaction, lambda: self._render_audit_log(interaction, None))

    async def show_older_entries(self, interaction: discord.Interaction, custom_id: AuditPageId) -> None:
        """Show the lines of the audit log before one of them."""
        require_guild_manager(interaction, "moderation_not_allowed")
        await update_message(interaction, lambda: self._render_audit_log(interaction, custom_id.before_id))

    async def render_audit_notice(
        self, notice: Notice, messages: Messages, guild: discord.Guild | None
    ) -> Sequence[ui.Item[Any]]:
        """Render a line of the audit log for the channel to which it is mirrored."""
        entry = await self.audit_log.find_entry(int(notice.data["entry_id"]))
        if entry is None:
            return ()
        return build_audit_notice(entry, await self._load_labels([entry], notice.guild_id, guild, messages))

    async def _render_audit_log(self, interaction: discord.Interaction, before_id: int | None) -> RenderedMessage:
        guild_id, messages = interaction.guild_id or 0, get_localized_messages(interaction)
        entries = await self.audit_log.list_entries(guild_id, PAGE_SIZE + 1, before_id)
        has_older = len(entries) > PAGE_SIZE
        labels = await self._load_labels(entries, guild_id, interaction.guild, messages)
        return RenderedMessage(build_audit_view(entries[:PAGE_SIZE], labels, has_older=has_older))

    async def _load_labels(
        self, entries: Sequence[AuditEntry], guild_id: int, guild: discord.Guild | None, messages: Messages
    ) -> SettingLabels:
        """Load the names of presets if a line is about one."""
        names: dict[str, str] = {}
        if any(entry.change is not None and entry.change.name == "default_preset" for entry in entries):
            names = {preset.code: preset.name for preset in await self.presets.list_guild_presets(guild_id)}
        return SettingLabels(messages, self.catalogue, guild, names, max_items=_MAX_ITEMS)

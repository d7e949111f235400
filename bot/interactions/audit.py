"""Recording the actions of an interaction's user in the audit log of a server."""

import discord

from bot.domain.audit import AuditAction
from bot.storage.audit_log import SqlAuditLog


async def record_action(
    interaction: discord.Interaction, audit_log: SqlAuditLog, action: AuditAction, target_id: int | None, reason: str
) -> None:
    """Add a line to the log. Raises `RejectedError` (database_unavailable)."""
    await audit_log.add_entry(interaction.guild_id or 0, interaction.user.id, action, target_id, reason)

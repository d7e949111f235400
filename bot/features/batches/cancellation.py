"""Cancelling the items of a batch that have not begun, from its board or by command."""

import logging
from dataclasses import dataclass
from typing import Final

import discord

from bot.domain.audit import AuditAction
from bot.features.batches.rights import BatchRights
from bot.interactions.audit import record_action
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batches import SqlBatchStore

log = logging.getLogger(__name__)

_TITLE_LIMIT: Final = 200


@dataclass(frozen=True)
class BatchCancellation:
    """Cancels batches for those who may. One of somebody else's is in the audit log."""

    store: SqlBatchStore
    rights: BatchRights
    audit_log: SqlAuditLog

    async def cancel_rest(self, interaction: discord.Interaction, batch_id: str) -> None:
        """Cancel the items that have not begun; their reservations are released. Raises `RejectedError`."""
        batch = await self.rights.find_managed(interaction, batch_id)
        await self.store.cancel_rest(batch.id)
        log.info("batch %s: its rest was cancelled by %s", batch.id, interaction.user.id)
        if interaction.user.id != batch.requester.id:
            title = batch.brief.title[:_TITLE_LIMIT]
            await record_action(interaction, self.audit_log, AuditAction.CANCEL_BATCH, batch.place.channel_id, title)

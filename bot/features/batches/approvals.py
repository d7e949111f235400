"""The decisions of approvers. Whoever sends the id of a button is checked anew, and so is the version that they saw."""

import asyncio
import io
import logging
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui

from bot.batches.approval_custom_ids import ApproveBatchId, RefusalFormId, RefuseBatchId, ShowPromptsId
from bot.batches.approval_view import build_prompts_view
from bot.batches.manifest import ManifestEntry, build_manifest_csv
from bot.batches.teams import find_batch_team
from bot.domain.audit import AuditAction
from bot.domain.batches import ApprovalDecision, Batch, BatchState
from bot.features.batches.access import find_batch_here
from bot.interactions.audit import record_action
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import build_modal, read_modal_fields
from bot.interactions.reason_form import build_reason_field
from bot.interactions.responses import RenderedMessage, open_modal, respond_with, run_and_report
from bot.interactions.usage import list_role_ids
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batches import SqlBatchStore
from bot.storage.teams import SqlTeamStore
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

NOTE_LIMIT: Final = 1000
_NOTE: Final = "note"
_TABLE_FILENAME: Final = "batch.csv"
_AUDITED_NOTE_LIMIT: Final = 200
_ACTIONS: Final = {
    ApprovalDecision.APPROVE: AuditAction.APPROVE_BATCH,
    ApprovalDecision.CHANGES: AuditAction.RETURN_BATCH,
    ApprovalDecision.REJECT: AuditAction.REJECT_BATCH,
}


@dataclass(frozen=True)
class ApprovalHandlers:
    """For members with the approver role of the batch's team or, without one, for those who may manage the server.

    Nobody approves a batch of their own, except those who may manage the server: they could raise the limit as well.
    """

    store: SqlBatchStore
    teams: SqlTeamStore
    audit_log: SqlAuditLog

    async def approve(self, interaction: discord.Interaction, custom_id: ApproveBatchId) -> None:
        """Start the batch, on the account of its requester."""
        await self._decide(interaction, custom_id.batch_id, custom_id.version, ApprovalDecision.APPROVE)

    async def show_prompts(self, interaction: discord.Interaction, custom_id: ShowPromptsId) -> None:
        """Show the prompts, and a table of all that is asked for, to an approver or the requester alone."""

        async def render() -> RenderedMessage:
            batch = await find_batch_here(self.store, interaction, custom_id.batch_id)
            if interaction.user.id != batch.requester.id:
                await self._require_approver(interaction, batch)
            items = await self.store.list_items(batch.id)
            names = await self.store.list_image_names(batch.id)
            entries = [ManifestEntry(item, image_name=names.get(item.image_sha256 or "")) for item in items]
            table = await asyncio.to_thread(build_manifest_csv, entries)
            view = build_prompts_view(items, _TABLE_FILENAME, get_localized_messages(interaction))
            return RenderedMessage(view, [discord.File(io.BytesIO(table), _TABLE_FILENAME)])

        await respond_with(interaction, render)

    async def open_form(self, interaction: discord.Interaction, custom_id: RefuseBatchId) -> None:
        """Ask for the words that go with a refusal."""
        async with limit_lookup_time(interaction):
            await self._find_batch(interaction, custom_id.batch_id)
        form_id = RefusalFormId(custom_id.batch_id, custom_id.version, custom_id.decision)
        await open_modal(interaction, _build_form(form_id, get_localized_messages(interaction)))

    async def refuse(self, interaction: discord.Interaction, custom_id: RefusalFormId) -> None:
        """Send the batch back to its requester, or reject it."""
        note = (read_modal_fields(interaction).get_text(_NOTE) or "").strip()[:NOTE_LIMIT]
        if not note:
            raise RejectedError(make_problem("reason_missing"))
        await self._decide(interaction, custom_id.batch_id, custom_id.version, custom_id.decision, note)

    async def _decide(
        self,
        interaction: discord.Interaction,
        batch_id: str,
        version: int,
        decision: ApprovalDecision,
        note: str = "",
    ) -> None:
        async def decide() -> str:
            batch = await self._find_batch(interaction, batch_id)
            message_id = None if interaction.message is None else interaction.message.id
            await self.store.decide_approval(
                batch.id, interaction.user.id, decision, note, version=version, message_id=message_id
            )
            log.info("batch %s: %s by %s", batch.id, decision, interaction.user.id)
            reason = f"{batch.brief.title}: {note}" if note else batch.brief.title
            await record_action(
                interaction,
                self.audit_log,
                _ACTIONS[decision],
                batch.place.channel_id,
                reason[:_AUDITED_NOTE_LIMIT],
            )
            return get_localized_messages(interaction).text(f"batch_approval.done_{decision}")

        await run_and_report(interaction, decide)

    async def _find_batch(self, interaction: discord.Interaction, batch_id: str) -> Batch:
        """Find a batch that waits, for one of its approvers.

        Raises `RejectedError`: batch_unknown, batch_not_waiting, batch_approval_not_allowed, batch_approval_own.
        """
        batch = await find_batch_here(self.store, interaction, batch_id)
        if batch.state is not BatchState.AWAITING_APPROVAL:
            raise RejectedError(make_problem("batch_not_waiting"))
        await self._require_approver(interaction, batch)
        if interaction.user.id == batch.requester.id and not interaction.permissions.manage_guild:
            raise RejectedError(make_problem("batch_approval_own"))
        return batch

    async def _require_approver(self, interaction: discord.Interaction, batch: Batch) -> None:
        """Raise `RejectedError` (batch_approval_not_allowed) for who is no approver of the batch's team."""
        team = await find_batch_team(self.teams, batch)
        role_id = None if team is None else team.approver_role_id
        may_manage = interaction.permissions.manage_guild
        if not (may_manage if role_id is None else role_id in list_role_ids(interaction.user)):
            raise RejectedError(make_problem("batch_approval_not_allowed"))


def _build_form(form_id: RefusalFormId, messages: Messages) -> ui.Modal:
    label, hint = messages.text("batch_approval.note"), messages.text("batch_approval.note_hint")
    field = build_reason_field(label, hint, name=_NOTE, limit=NOTE_LIMIT)
    return build_modal(messages.text(f"batch_approval.{form_id.decision}_title"), form_id, field)

"""The subcommands of `/moderate`: block, unblock, blocked and cancel."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands, ui

from bot.domain.audit import AuditAction
from bot.domain.blocks import MAX_BLOCK_DAYS, Block, compute_block_end
from bot.domain.notices import Notice
from bot.features.moderation.view import build_blocks_view, build_deletion_notice
from bot.interactions.audit import record_action
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import is_blockable, require_moderator
from bot.interactions.reason_form import REASON_LIMIT
from bot.interactions.responses import RenderedMessage, respond_privately, respond_with, run_and_report
from bot.storage.audit_log import SqlAuditLog
from bot.storage.blocks import SqlBlockStore
from bot.submission.cancellation import JobCancellation
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem

Reason = app_commands.Range[str, 1, REASON_LIMIT]


@dataclass(frozen=True)
class ModerationCommands:
    """For members who may time out others. Everything is in the audit log. `clock` gives Unix seconds."""

    blocks: SqlBlockStore
    audit_log: SqlAuditLog
    cancellation: JobCancellation
    clock: Callable[[], float] = time.time

    async def block(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        reason: Reason,
        days: app_commands.Range[int, 1, MAX_BLOCK_DAYS] | None = None,
    ) -> None:
        """Block a member, for so many days or until they are unblocked."""
        require_moderator(interaction)
        if not is_blockable(member):
            raise RejectedError(make_problem("moderator_not_blockable"))
        async with limit_lookup_time(interaction):
            ends_at = compute_block_end(days, self.clock())
            await self.blocks.save_block(member.guild.id, Block(member.id, reason, ends_at))
            await record_action(interaction, self.audit_log, AuditAction.BLOCK, member.id, reason)
        key = "moderation.was_blocked" if ends_at is None else "moderation.was_blocked_until"
        await self._respond(interaction, key, member=f"<@{member.id}>", until=int(ends_at or 0))

    async def unblock(self, interaction: discord.Interaction, user: discord.User, reason: Reason | None = None) -> None:
        """Unblock a member, or someone who has left."""
        require_moderator(interaction)
        async with limit_lookup_time(interaction):
            if not await self.blocks.delete_block(interaction.guild_id or 0, user.id):
                raise RejectedError(make_problem("not_blocked"))
            await record_action(interaction, self.audit_log, AuditAction.UNBLOCK, user.id, reason or "")
        await self._respond(interaction, "moderation.was_unblocked", member=f"<@{user.id}>")

    async def show_blocked(self, interaction: discord.Interaction) -> None:
        """List who is blocked, why and until when."""
        require_moderator(interaction)

        async def render() -> RenderedMessage:
            blocks = await self.blocks.list_blocks(interaction.guild_id or 0)
            return RenderedMessage(build_blocks_view(blocks, get_localized_messages(interaction)))

        await respond_with(interaction, render)

    async def cancel(self, interaction: discord.Interaction, user: discord.User, reason: Reason) -> None:
        """Cancel all of a member's requests in this server that have not started."""
        require_moderator(interaction)

        async def cancel_jobs() -> str:
            count = await self.cancellation.cancel_member_jobs(interaction, user.id)
            messages, member = get_localized_messages(interaction), f"<@{user.id}>"
            if not count:
                return messages.text("moderation.none_cancelled", member=member)
            await record_action(interaction, self.audit_log, AuditAction.CANCEL_REQUESTS, user.id, reason)
            return messages.text("moderation.were_cancelled", count=count, member=member)

        await run_and_report(interaction, cancel_jobs)

    async def render_deletion_notice(
        self, notice: Notice, messages: Messages, guild: discord.Guild | None
    ) -> Sequence[ui.Item[Any]]:
        """Render the direct message to the author of a result that a moderator deleted."""
        return build_deletion_notice(str(notice.data["job_id"]), str(notice.data["reason"]), guild, messages)

    async def _respond(self, interaction: discord.Interaction, key: str, **facts: str | int) -> None:
        await respond_privately(interaction, get_localized_messages(interaction).text(key, **facts))

"""The messages of `/moderate` and `/audit`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.domain.audit import OPERATOR_ID, AuditAction, AuditEntry
from bot.domain.blocks import Block
from bot.domain.records import NO_USER_ID
from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.rendering.budget_text import format_budget_terms
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from bot.rendering.setting_labels import SettingLabels
from bot.rendering.team_labels import TeamLabels
from shared.i18n.messages import Messages

_MAX_BLOCKS: Final = 20
_REASON_LIMIT: Final = 200
_BUDGET_ACTIONS: Final = frozenset({AuditAction.SET_BUDGET, AuditAction.REMOVE_BUDGET, AuditAction.GRANT})
_NAME_LIMIT: Final = 100
_CHANGES_OF_SETTINGS: Final = (AuditAction.CHANGE_SETTING, AuditAction.UNDO_CHANGE)


@dataclass(frozen=True)
class AuditPageId(CustomId, template=r"audit_page:(?P<before_id>[0-9]{1,18})"):
    """The button that shows the lines of the audit log before this one."""

    before_id: int


def build_blocks_view(blocks: Sequence[Block], messages: Messages) -> ui.LayoutView:
    """List blocked members, as far as a message has room."""
    lines = [_format_block(block, messages) for block in blocks[:_MAX_BLOCKS]] or [
        messages.text("moderation.no_blocks")
    ]
    if len(blocks) > _MAX_BLOCKS:
        lines.append(messages.text("moderation.more_blocks", count=len(blocks) - _MAX_BLOCKS))
    return build_container_view(ui.TextDisplay("\n".join([f"### {messages.text('moderation.blocked')}", *lines])))


def build_audit_view(entries: Sequence[AuditEntry], labels: SettingLabels, *, has_older: bool) -> ui.LayoutView:
    """Show lines of the audit log, and a button for older ones."""
    messages = labels.messages
    lines = [_format_entry(entry, labels) for entry in entries] or [messages.text("moderation.no_entries")]
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([f"### {messages.text('moderation.audit_log')}", *lines]))]
    if has_older:
        items.append(ui.ActionRow(build_button(AuditPageId(entries[-1].id), messages.text("moderation.older"))))
    return build_container_view(*items)


def build_audit_notice(entry: AuditEntry, labels: SettingLabels) -> Sequence[ui.TextDisplay[Any]]:
    """Build the notice of a line of the audit log."""
    heading = f"-# {labels.messages.text('moderation.audit_log')}"
    return (ui.TextDisplay(f"{heading}\n{_format_entry(entry, labels)}"),)


def build_deletion_notice(
    job_id: str, reason: str, guild: discord.Guild | None, messages: Messages
) -> Sequence[ui.TextDisplay[Any]]:
    """Build the direct message to the author of a result that a moderator deleted."""
    server = escape_markdown("?" if guild is None else guild.name, _NAME_LIMIT)
    text = messages.text("moderation.result_was_deleted", server=server, id=job_id)
    quoted = messages.text("language.quoted", words=escape_markdown(reason, _REASON_LIMIT))
    return (ui.TextDisplay(f"{text}\n{quoted}"),)


def _format_block(block: Block, messages: Messages) -> str:
    key = "moderation.block_line" if block.ends_at is None else "moderation.block_line_until"
    reason = escape_markdown(block.reason, _REASON_LIMIT)
    return messages.text(key, member=f"<@{block.user_id}>", reason=reason, until=int(block.ends_at or 0))


def _format_entry(entry: AuditEntry, labels: SettingLabels) -> str:
    messages = labels.messages
    nobody = {NO_USER_ID: "budget.forgotten_member", OPERATOR_ID: "audit.operator"}.get(entry.actor_id)
    actor = messages.text(nobody) if nobody else f"<@{entry.actor_id}>"
    terms, reason = "", entry.reason
    if entry.action in _BUDGET_ACTIONS:
        terms, reason = format_budget_terms(entry.reason, messages)
    if entry.team_change is not None:
        terms = TeamLabels(messages, labels.catalogue, labels.guild).format_change(entry.team_change)
    details = [part for part in (terms, escape_markdown(reason, _REASON_LIMIT)) if part]
    return " · ".join([f"- <t:{int(entry.created_at)}:f> {actor} {_format_action(entry, labels)}", *details])


def _format_action(entry: AuditEntry, labels: SettingLabels) -> str:
    """Format the action in a sentence without its subject."""
    if entry.change is not None and entry.action in _CHANGES_OF_SETTINGS:
        return labels.format_change(f"audit.{entry.action}_to", entry.change)
    is_known = entry.action in set(AuditAction)
    return labels.messages.text(
        f"audit.{entry.action}" if is_known else "audit.unknown",
        target=_format_target(entry.target_id, labels.guild, labels.messages),
        job=entry.job_id or "?",
        action=escape_markdown(entry.action, _REASON_LIMIT),
    )


def _format_target(target_id: int | None, guild: discord.Guild | None, messages: Messages) -> str:
    """Mention a member, or the role, channel or server that a budget is for."""
    if guild is not None and target_id is not None:
        if target_id == guild.id:
            return messages.text("audit.this_server")
        if guild.get_role(target_id) is not None:
            return f"<@&{target_id}>"
        if guild.get_channel_or_thread(target_id) is not None:
            return f"<#{target_id}>"
    return "" if target_id is None else f"<@{target_id}>"

"""The messages of `/batch list` and, for a batch that was not started, of `/batch status`."""

from collections.abc import Sequence
from typing import Any, Final

from discord import ui

from bot.batches.brief_text import TEXT_LIMIT, format_approver_note, format_brief
from bot.batches.people import format_person
from bot.domain.batches import Batch, BatchState
from bot.domain.messages import MessageRef
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from shared.i18n.messages import Messages

MAX_LISTED: Final = 20
_TITLE_LIMIT: Final = 60  # so that twenty batches fit a message in every language


def build_list_view(batches: Sequence[Batch], messages: Messages) -> ui.LayoutView:
    """List batches, newest first."""
    lines = [f"- {_format_line(batch, messages)}" for batch in batches[:MAX_LISTED]]
    text = "\n".join(lines) if lines else messages.text("batch_list.none")
    item: ui.TextDisplay[Any] = ui.TextDisplay(f"### {messages.text('batch_list.title')}\n{text}")
    return build_container_view(item)


def build_unstarted_view(batch: Batch, messages: Messages, *, is_requester: bool) -> ui.LayoutView:
    """Say what a batch waits for, or how it ended; only its requester reads the words of the approver."""
    lines = [f"### {escape_markdown(batch.brief.title, _TITLE_LIMIT)}", messages.text(f"batch_state.{batch.state}")]
    lines += format_brief(batch.brief, messages, TEXT_LIMIT)
    if batch.state is BatchState.AWAITING_APPROVAL and batch.due_at is not None:
        lines.append(messages.text("batch_approval.until", time=f"<t:{int(batch.due_at)}:f>"))
    if is_requester and batch.approval_note:
        lines.append(format_approver_note(batch, messages))
    if batch.approval_message_id is not None:
        link = MessageRef(batch.place.channel_id, batch.approval_message_id).build_link(batch.place.guild_id)
        lines.append(f"[{messages.text('batch_list.approval')}]({link})")
    item: ui.TextDisplay[Any] = ui.TextDisplay("\n".join(lines))
    return build_container_view(item)


def _format_line(batch: Batch, messages: Messages) -> str:
    title = escape_markdown(batch.brief.title, _TITLE_LIMIT)
    place = batch.place.thread_id or batch.place.channel_id
    state = messages.text(f"batch_state.{batch.state}")
    requester = format_person(batch.requester.id, messages)
    return f"**{title}** · {state} · {requester} · <#{place}> · <t:{int(batch.created_at)}:d>"

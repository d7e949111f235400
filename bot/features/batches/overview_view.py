"""The message of `/batch list`."""

from collections.abc import Sequence
from typing import Any, Final

from discord import ui

from bot.domain.batches import Batch
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


def _format_line(batch: Batch, messages: Messages) -> str:
    title = escape_markdown(batch.brief.title, _TITLE_LIMIT)
    place = batch.place.thread_id or batch.place.channel_id
    state = messages.text(f"batch_state.{batch.state}")
    return f"**{title}** · {state} · <@{batch.requester.id}> · <#{place}> · <t:{int(batch.created_at)}:d>"

"""The direct messages that tell the requester of a batch how an approver has decided, and that its channel is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.batches.brief_text import TITLE_LIMIT
from bot.domain.batches import BatchState
from bot.domain.notices import Notice
from bot.rendering.markdown import escape_markdown
from bot.storage.batches import SqlBatchStore
from shared.i18n.messages import Messages

_KEYS: Final = {
    BatchState.RUNNING: "approved",
    BatchState.CHANGES_REQUESTED: "changes_requested",
    BatchState.REJECTED: "rejected",
    BatchState.EXPIRED: "expired",
    BatchState.PAUSED: "channel_gone",
}
_NOTE_LIMIT: Final = 1500


@dataclass(frozen=True)
class BatchNotices:
    """Renders the notices."""

    store: SqlBatchStore

    async def render_notice(
        self, notice: Notice, messages: Messages, guild: discord.Guild | None
    ) -> Sequence[ui.Item[Any]]:
        """Say which batch it is about, who decided on it, and in which words; nothing if it is no longer stored."""
        del guild
        batch = await self.store.find_batch(notice.data["batch_id"])
        if batch is None:
            return ()
        text = messages.text(
            f"batch_notice.{_KEYS[BatchState(notice.data['state'])]}",
            title=escape_markdown(batch.brief.title, TITLE_LIMIT),
            user=f"<@{notice.data['approver_id']}>",
            channel=batch.place.channel_id,
        )
        note = escape_markdown(notice.data["note"], _NOTE_LIMIT)
        return (ui.TextDisplay("\n".join(filter(None, (text, note and f"> {note}")))),)

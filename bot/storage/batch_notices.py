"""The notices that tell the requester of a batch how it was decided on, or that it is paused because nobody sees it."""

from typing import Final

from sqlalchemy import Connection

from bot.domain.audit import OPERATOR_ID
from bot.domain.batches import Batch
from bot.domain.notices import DIRECT_MESSAGE, NoticeKind
from bot.storage.notices import add_notice

_NOBODY: Final = frozenset({0, OPERATOR_ID})
"""Requesters without direct messages: who was forgotten, and whoever runs the bot."""


def add_decision_notice(connection: Connection, batch: Batch, now: float) -> None:
    """Let the requester be told in a direct message of the state that a batch has entered, and who decided on that."""
    if batch.requester.id in _NOBODY:
        return
    data = {
        "user_id": batch.requester.id,
        "locale": batch.requester.locale,
        "batch_id": batch.id,
        "state": batch.state,
        "approver_id": batch.approver_id,
        "note": batch.approval_note,
    }
    key = f"batch/{batch.id}/{batch.version}"
    add_notice(connection, key, batch.place.guild_id, DIRECT_MESSAGE, NoticeKind.BATCH, data, now)

"""Approvals of batches: who is asked, and the messages that are to show the decision."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from bot.domain.batches import DRAFT_STATES, Batch, BatchState
from bot.storage.batch_items import enter_state
from bot.storage.batch_reader import SqlBatchReader
from bot.storage.batch_rows import lock_batch_in
from bot.storage.tables import batches
from bot.storage.tables.batches import IS_APPROVAL_UNDRAWN


class SqlBatchApprovals(SqlBatchReader):
    """Lets batches wait for approvers. Every method raises `RejectedError` (database_unavailable)."""

    async def request_approval(
        self, batch_id: str, *, version: int | None = None, seconds: float | None = None
    ) -> Batch:
        """Let a draft, or one that was to be changed, wait for an approval, by a new message.

        It waits for `seconds`, a week by default. `version` is the one that its requester saw. Raises `RejectedError`
        (batch_unknown, batch_started, batch_changed).
        """

        def request(connection: Connection) -> Batch:
            now = self._clock()
            batch = lock_batch_in(connection, batch_id, DRAFT_STATES, "batch_started", version)
            due = {} if seconds is None else {"due_at": now + seconds}
            empty = {"approval_message_id": None, "approver_id": None, "approval_note": ""}
            return enter_state(connection, batch, BatchState.AWAITING_APPROVAL, now, **empty, **due)

        return await self._transact(request)

    async def list_undrawn_approvals(self, limit: int) -> Sequence[Batch]:
        """List batches whose messages for approvers are to be posted, or to show the decision, oldest first."""
        query = select(batches).where(IS_APPROVAL_UNDRAWN).order_by(batches.c.created_at).limit(limit)
        return await self._list_batches(query)

    async def mark_approval_drawn(self, batch: Batch, message_id: int | None) -> bool:
        """Record that a message shows the request or the decision, or that there is none; False if that is outdated.

        A batch that was approved changes all the time, which its message does not show.
        """
        is_waiting = batch.state is BatchState.AWAITING_APPROVAL
        is_same = batches.c.version == batch.version if is_waiting else batches.c.state != BatchState.AWAITING_APPROVAL
        query = update(batches).where(batches.c.id == batch.id, is_same)
        values = {"approval_message_id": message_id, "approval_is_drawn": True}
        return await self._change(query.values(values))

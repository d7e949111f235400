"""Prices of batches: all items that are to be made are reserved in the transaction that starts them."""

import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from bot.domain.batches import (
    DRAFT_STATES,
    OPEN_ITEM_STATES,
    RESTARTABLE_STATES,
    ApprovalDecision,
    Batch,
    BatchItem,
    BatchState,
    ItemState,
)
from bot.domain.budgets import Budget, get_price
from bot.storage.batch_items import (
    add_sheets,
    enter_state,
    find_item,
    follow_items,
    load_items,
    restart_item,
    save_items,
)
from bot.storage.batch_reader import SqlBatchReader
from bot.storage.batch_rows import lock_batch_in
from bot.storage.budget_charges import charge_budgets, run_charging_transaction
from bot.storage.ledger import Reservation, reserve_prices
from bot.storage.notice_bounds import Bounds, NoticeBounds
from bot.storage.session import Database, translate_database_errors
from shared.catalogue import Catalogue
from shared.job import make_retry_id
from shared.problems import RejectedError, make_problem
from shared.request.model import Request

_RANDOM_BITS: Final = 22


class SqlBatchCharges(SqlBatchReader):
    """Starts batches and their items. Every method raises `RejectedError` (database_unavailable, batch_unknown).

    The prices are those of the catalogue at this moment. Each method raises `BudgetExceededError` if a budget has less
    left than all that it starts; nothing is changed then. `bot_budgets` limit the spending of everybody together.
    """

    def __init__(
        self,
        database: Database,
        *,
        catalogue: Catalogue,
        bot_budgets: Sequence[Budget] = (),
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(database, clock=clock)
        self._catalogue = catalogue
        self._bot_budgets = bot_budgets
        self._rng = rng or random.SystemRandom()
        self._bounds = NoticeBounds()

    async def start(self, batch_id: str, *, version: int | None = None, limit: int | None = None) -> Batch:
        """Start a draft; only its first `limit` items if given, and the others are cancelled.

        `version` is the one that its requester saw. Raises `RejectedError` (batch_started, batch_changed).
        """
        return await self._start(batch_id, DRAFT_STATES, "batch_started", version, limit)

    async def decide_approval(
        self,
        batch_id: str,
        approver_id: int,
        decision: ApprovalDecision,
        note: str = "",
        *,
        version: int | None = None,
        message_id: int | None = None,
    ) -> Batch:
        """Start a batch that waits for an approval, reject it, or let its requester change it.

        `version` is the one that the approver saw, in the message `message_id`. Raises `RejectedError`
        (batch_not_waiting, batch_changed).
        """
        waiting = {BatchState.AWAITING_APPROVAL}
        approval: dict[str, Any] = {"approver_id": approver_id, "approval_note": note}
        if message_id is not None:  # the bot may have died before it recorded the message
            approval["approval_message_id"] = message_id
        if decision is ApprovalDecision.APPROVE:
            return await self._start(batch_id, waiting, "batch_not_waiting", version, **approval)
        is_rejected = decision is ApprovalDecision.REJECT
        state = BatchState.REJECTED if is_rejected else BatchState.CHANGES_REQUESTED

        def decide(connection: Connection) -> Batch:
            batch = lock_batch_in(connection, batch_id, waiting, "batch_not_waiting", version)
            return enter_state(connection, batch, state, self._clock(), **approval)

        return await self._transact(decide)

    async def retry_failed(self, batch_id: str) -> Batch:
        """Let all items that failed be made once more; a batch that is done runs again.

        Raises `RejectedError` (batch_not_running, batch_nothing_failed).
        """
        now = self._clock()

        def retry(connection: Connection) -> tuple[Batch, Bounds]:
            batch = lock_batch_in(connection, batch_id, RESTARTABLE_STATES, "batch_not_running")
            failed = load_items(connection, batch_id, {ItemState.FAILED})
            if not failed:
                raise RejectedError(make_problem("batch_nothing_failed"))
            return self._restart(connection, batch, failed, now)

        return await self._run(retry, now)

    async def redo_item(self, batch_id: str, number: int, request: Request, reviewer_id: int) -> Batch:
        """Let an item be made once more, with this request; a batch that is done runs again.

        Raises `RejectedError` (batch_not_running, batch_item_unknown, batch_item_open).
        """
        now = self._clock()

        def redo(connection: Connection) -> tuple[Batch, Bounds]:
            batch = lock_batch_in(connection, batch_id, RESTARTABLE_STATES, "batch_not_running")
            item = find_item(connection, batch_id, number)
            if item is None:
                raise RejectedError(make_problem("batch_item_unknown"))
            if item.state in OPEN_ITEM_STATES:
                raise RejectedError(make_problem("batch_item_open"))
            return self._restart(connection, batch, [replace(item, request=request)], now, reviewer_id)

        return await self._run(redo, now)

    async def _start(
        self,
        batch_id: str,
        states: Collection[BatchState],
        code: str,
        version: int | None,
        limit: int | None = None,
        **approval: Any,
    ) -> Batch:
        now = self._clock()

        def start(connection: Connection) -> tuple[Batch, Bounds]:
            batch = lock_batch_in(connection, batch_id, states, code, version)
            items = load_items(connection, batch_id)
            started = [replace(item, price=self._get_price(item.request)) for item in items[:limit]]
            bounds = self._reserve(connection, batch, started, now)
            left_out = [replace(item, state=ItemState.CANCELLED) for item in items[len(started) :]]
            save_items(connection, batch_id, [*started, *left_out])
            add_sheets(connection, batch_id, len(items))
            return enter_state(connection, batch, BatchState.RUNNING, now, started_at=now, **approval), bounds

        return await self._run(start, now)

    def _restart(
        self,
        connection: Connection,
        batch: Batch,
        items: Sequence[BatchItem],
        now: float,
        reviewer_id: int | None = None,
    ) -> tuple[Batch, Bounds]:
        random_bits = self._rng.sample(range(1 << _RANDOM_BITS), len(items))
        restarted = [
            restart_item(item, make_retry_id(now, bits), self._get_price(item.request), reviewer_id)
            for item, bits in zip(items, random_bits, strict=True)
        ]
        bounds = self._reserve(connection, batch, restarted, now)
        save_items(connection, batch.id, restarted)
        return follow_items(connection, batch, now), bounds

    def _reserve(self, connection: Connection, batch: Batch, items: Sequence[BatchItem], now: float) -> Bounds:
        """Charge the budgets for these items, and add their reservations."""
        reservations = [Reservation(item.job_id, item.request.model, item.price) for item in items]
        prices = [item.price for item in items]
        charged = charge_budgets(connection, self._bot_budgets, batch.spender, prices, now, self._bounds)
        reserve_prices(connection, reservations, batch.spender, charged.counters, now)
        return charged.bounds

    async def _run(self, work: Callable[[Connection], tuple[Batch, Bounds]], now: float) -> Batch:
        with translate_database_errors():
            return await run_charging_transaction(self._database, self._bot_budgets, self._bounds, now, work)

    def _get_price(self, request: Request) -> int:
        return get_price(self._catalogue.models.get(request.model))

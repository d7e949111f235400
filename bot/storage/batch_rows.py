"""Rows of the tables of batches to values of the domain, and back."""

import logging
from collections.abc import Collection
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import BindParameter, Connection, Row, bindparam, func, select, update

from bot.domain.batches import (
    OPEN_ITEM_STATES,
    Batch,
    BatchCounts,
    BatchItem,
    BatchPlace,
    BatchSheet,
    BatchState,
    Brief,
    ItemState,
    Review,
)
from bot.domain.budgets import Spender
from bot.storage.tables import batch_items, batches
from shared.job import Priority, Requester, TeamRef
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import Request
from shared.unreadable import UnreadableRowLog

BATCH_ID: Final[BindParameter[str]] = bindparam("target_batch_id")

_SPENDER_ADAPTER: Final = TypeAdapter(Spender)
_BRIEF_ADAPTER: Final = TypeAdapter(Brief)
_LOCK_BATCH: Final = update(batches).where(batches.c.id == BATCH_ID).values(version=batches.c.version)
_SELECT_BATCH: Final = select(batches).where(batches.c.id == BATCH_ID)
_COUNT_ITEMS: Final = (
    select(
        batch_items.c.state,
        batch_items.c.review,
        func.count().label("item_count"),
        func.sum(batch_items.c.price).label("price"),
        func.sum(batch_items.c.cost).label("cost"),
    )
    .where(batch_items.c.batch_id == BATCH_ID)
    .group_by(batch_items.c.state, batch_items.c.review)
)
_PLAIN_COLUMNS: Final = (
    "id",
    "idempotency_key",
    "pings",
    "file_pattern",
    "approver_id",
    "approval_note",
    "approval_message_id",
    "created_at",
    "started_at",
    "ended_at",
    "due_at",
    "version",
)
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


def lock_batch(connection: Connection, batch_id: str) -> Batch:
    """Lock the row of a batch until the transaction ends, and return it.

    Whatever changes a batch or its items locks it first, after the rows of jobs that exist, so that no two changes wait
    for each other. SQLite locks with a write only. Raises `RejectedError` (batch_unknown).
    """
    connection.execute(_LOCK_BATCH, {BATCH_ID.key: batch_id})
    row = connection.execute(_SELECT_BATCH, {BATCH_ID.key: batch_id}).one_or_none()
    batch = None if row is None else parse_batch(row)
    if batch is None:
        raise RejectedError(make_problem("batch_unknown"))
    return batch


def lock_batch_in(
    connection: Connection, batch_id: str, states: Collection[BatchState], code: str, version: int | None = None
) -> Batch:
    """Lock a batch that is in one of these states and, unless None, in this version, and return it.

    Raises `RejectedError`: batch_unknown, this code for one in another state, batch_changed.
    """
    batch = lock_batch(connection, batch_id)
    if batch.state not in states:
        raise RejectedError(make_problem(code))
    if version is not None and batch.version != version:
        raise RejectedError(make_problem("batch_changed"))
    return batch


def build_batch_row(batch: Batch) -> dict[str, Any]:
    """Build the row of a batch, without the version that its board shows."""
    place, team = batch.place, batch.team
    return {name: getattr(batch, name) for name in _PLAIN_COLUMNS} | {
        "guild_id": place.guild_id,
        "channel_id": place.channel_id,
        "board_message_id": place.board_message_id,
        "thread_id": place.thread_id,
        "requester_id": batch.requester.id,
        "requester_json": batch.requester.model_dump_json(),
        "spender_json": _SPENDER_ADAPTER.dump_json(batch.spender).decode(),
        "team_id": None if team is None else team.id,
        "team_json": None if team is None else team.model_dump_json(),
        "brief_json": _BRIEF_ADAPTER.dump_json(batch.brief).decode(),
        "priority": batch.priority,
        "state": batch.state,
    }


def parse_batch(row: Row[Any]) -> Batch | None:
    """Parse a row of `batches`; None if another release wrote it differently."""
    columns = row._mapping  # noqa: SLF001 — its public API
    try:
        return Batch(
            **{name: columns[name] for name in _PLAIN_COLUMNS},
            requester=Requester.model_validate_json(row.requester_json),
            spender=_SPENDER_ADAPTER.validate_json(row.spender_json),
            place=BatchPlace(row.guild_id, row.channel_id, row.board_message_id, row.thread_id),
            brief=_BRIEF_ADAPTER.validate_json(row.brief_json),
            state=BatchState(row.state),
            team=None if row.team_json is None else TeamRef.model_validate_json(row.team_json),
            priority=Priority(row.priority),
        )
    except ValueError as error:
        _unreadable_rows.report(f"batch {row.id}", error)
        return None


def build_item_row(batch_id: str, item: BatchItem) -> dict[str, Any]:
    """Build the row of an item."""
    row = {name: value for name, value in vars(item).items() if name not in {"request", "problem"}}
    problem = None if item.problem is None else item.problem.model_dump_json()
    return row | {"batch_id": batch_id, "request_json": item.request.model_dump_json(), "problem_json": problem}


def parse_item(row: Row[Any]) -> BatchItem | None:
    """Parse a row of `batch_items`; None if another release wrote it differently."""
    columns = dict(row._mapping)  # noqa: SLF001 — its public API
    for name in ("batch_id", "request_json", "problem_json"):
        del columns[name]
    try:
        return BatchItem(
            **columns
            | {
                "request": Request.model_validate_json(row.request_json),
                "problem": None if row.problem_json is None else Problem.model_validate_json(row.problem_json),
                "state": ItemState(row.state),
                "review": Review(row.review),
            }
        )
    except ValueError as error:
        _unreadable_rows.report(f"item {row.number} of batch {row.batch_id}", error)
        return None


def parse_sheet(row: Row[Any]) -> BatchSheet:
    """Parse a row of `batch_sheets`."""
    return BatchSheet(**row._mapping)  # noqa: SLF001 — its public API


def count_items(connection: Connection, batch_id: str) -> BatchCounts:
    """Count the items of a batch; those without a picture have no review."""
    by_state: dict[ItemState, int] = {}
    by_review: dict[Review, int] = {}
    spent = reserved = 0
    for row in connection.execute(_COUNT_ITEMS, {BATCH_ID.key: batch_id}):
        state, spent = ItemState(row.state), spent + int(row.cost)
        by_state[state] = by_state.get(state, 0) + row.item_count
        if state is ItemState.GENERATED:
            by_review[Review(row.review)] = row.item_count
        if state in OPEN_ITEM_STATES:
            reserved += int(row.price)
    return BatchCounts(by_state, by_review, spent, reserved)

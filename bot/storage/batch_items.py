"""Changes of batches and their items, as parts of transactions.

Those that accept a job and close its record are in `bot.storage.jobs`, so that an item is never started without the
record of its job, and never ends without it. The batch is locked by then.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, insert, select, update

from bot.domain.batches import (
    FINAL_STATES,
    OPEN_ITEM_STATES,
    Batch,
    BatchItem,
    BatchState,
    ItemEnd,
    ItemState,
    Review,
    find_state_after,
    get_due_time,
    get_sheet_number,
)
from bot.storage.batch_notices import add_decision_notice
from bot.storage.batch_rows import (
    BATCH_ID,
    build_batch_row,
    build_item_row,
    count_items,
    lock_batch,
    parse_item,
)
from bot.storage.ledger import settle_job
from bot.storage.tables import OPEN_STATES, batch_items, batch_results, batch_sheets, batches, jobs, ledger_entries
from bot.storage.upsert import build_insert_unless_exists
from shared.job import BatchRef, Job
from shared.problems import Problem, make_problem

_JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id")
_NUMBER: Final[BindParameter[int]] = bindparam("target_number")
_UPDATE_BATCH: Final = update(batches).where(batches.c.id == BATCH_ID)
_REDRAW_APPROVAL: Final = _UPDATE_BATCH.values(approval_is_drawn=False)
_INSERT_ITEM: Final = insert(batch_items)
_UPDATE_ITEM: Final = update(batch_items).where(batch_items.c.batch_id == BATCH_ID, batch_items.c.number == _NUMBER)
_SELECT_ITEMS: Final = select(batch_items).where(batch_items.c.batch_id == BATCH_ID).order_by(batch_items.c.number)
_SELECT_ITEM: Final = _SELECT_ITEMS.where(batch_items.c.number == _NUMBER)
_SELECT_PENDING: Final = select(batch_items.c.number, batch_items.c.job_id).where(
    batch_items.c.batch_id == BATCH_ID, batch_items.c.state == ItemState.PENDING
)
_SELECT_LOST: Final = (
    select(batch_items.c.number, batch_items.c.job_id, batch_items.c.cost, jobs.c.state)
    .outerjoin(jobs, jobs.c.id == batch_items.c.job_id)
    .where(
        batch_items.c.batch_id == BATCH_ID,
        batch_items.c.state == ItemState.QUEUED,
        jobs.c.id.is_(None) | jobs.c.state.not_in(OPEN_STATES),
    )
)
_SELECT_SPENT: Final = select(func.coalesce(func.sum(ledger_entries.c.spent), 0)).where(
    ledger_entries.c.job_id == _JOB_ID
)
_SELECT_PLACE: Final = select(batch_items.c.batch_id, batch_items.c.number).where(batch_items.c.job_id == _JOB_ID)
_RAISE_SHEET: Final = (
    update(batch_sheets)
    .where(batch_sheets.c.batch_id == BATCH_ID, batch_sheets.c.number == _NUMBER)
    .values(version=batch_sheets.c.version + 1)
)


def save_batch(connection: Connection, batch: Batch, **changes: Any) -> Batch:
    """Change a locked batch, whose version is raised; return it as it is then."""
    changed = replace(batch, **changes, version=batch.version + 1)
    connection.execute(_UPDATE_BATCH, build_batch_row(changed) | {BATCH_ID.key: batch.id})
    return changed


def enter_state(connection: Connection, batch: Batch, state: BatchState, now: float, **changes: Any) -> Batch:
    """Put a locked batch into a state; return it as it is then."""
    ended_at = now if state in FINAL_STATES else None
    values = {"state": state, "due_at": get_due_time(state, now), "ended_at": ended_at} | changes
    changed = save_batch(connection, batch, **values)
    if BatchState.AWAITING_APPROVAL in {batch.state, state}:
        connection.execute(_REDRAW_APPROVAL, {BATCH_ID.key: batch.id})
    if _is_decided(batch.state, state):
        add_decision_notice(connection, changed, now)
    return changed


def _is_decided(old: BatchState, new: BatchState) -> bool:
    """Tell whether an approver has decided on a batch, or nobody has in time."""
    is_decision = new in {BatchState.RUNNING, BatchState.CHANGES_REQUESTED, BatchState.REJECTED}
    return new is BatchState.EXPIRED or (old is BatchState.AWAITING_APPROVAL and is_decision)


def follow_items(connection: Connection, batch: Batch, now: float, **changes: Any) -> Batch:
    """Put a locked batch into the state that follows from its items, which have changed."""
    state = find_state_after(batch.state, count_items(connection, batch.id))
    if state is not batch.state:
        return enter_state(connection, batch, state, now, **changes)
    is_running = state in {BatchState.RUNNING, BatchState.CANCELLING}
    return save_batch(connection, batch, due_at=now if is_running else batch.due_at, **changes)


def add_items(connection: Connection, batch_id: str, items: Sequence[BatchItem]) -> None:
    """Add the items of a new batch."""
    connection.execute(_INSERT_ITEM, [build_item_row(batch_id, item) for item in items])


def load_items(connection: Connection, batch_id: str, states: Collection[ItemState] | None = None) -> list[BatchItem]:
    """Load the items of a batch that can be read, those in these states or all."""
    query = _SELECT_ITEMS if states is None else _SELECT_ITEMS.where(batch_items.c.state.in_(states))
    rows = connection.execute(query, {BATCH_ID.key: batch_id})
    return [item for row in rows if (item := parse_item(row))]


def find_item(connection: Connection, batch_id: str, number: int) -> BatchItem | None:
    """Find an item; None if it is unknown or cannot be read."""
    row = connection.execute(_SELECT_ITEM, {BATCH_ID.key: batch_id, _NUMBER.key: number}).one_or_none()
    return None if row is None else parse_item(row)


def save_items(connection: Connection, batch_id: str, items: Sequence[BatchItem]) -> None:
    """Write changed items, and let their sheets be drawn."""
    if items:
        rows = [build_item_row(batch_id, item) | {BATCH_ID.key: batch_id, _NUMBER.key: item.number} for item in items]
        connection.execute(_UPDATE_ITEM, rows)
        raise_sheets(connection, batch_id, (item.number for item in items))


def raise_sheets(connection: Connection, batch_id: str, item_numbers: Iterable[int]) -> None:
    """Let the sheets of these items be drawn."""
    numbers = sorted({get_sheet_number(number) for number in item_numbers})
    if numbers:
        connection.execute(_RAISE_SHEET, [{BATCH_ID.key: batch_id, _NUMBER.key: number} for number in numbers])


def add_sheets(connection: Connection, batch_id: str, item_count: int) -> None:
    """Add the sheets of a batch that starts; none is to be drawn before one of its items changes."""
    row = {"batch_id": batch_id, "version": 0, "drawn_version": 0, "attempt": 0}
    numbers = range(1, get_sheet_number(item_count) + 1)
    connection.execute(insert(batch_sheets), [row | {"number": number} for number in numbers])


def cancel_pending_items(connection: Connection, batch_id: str, now: float) -> None:
    """Cancel the items that have not been started, readable or not, and give their reservations back."""
    rows: Sequence[Any] = connection.execute(_SELECT_PENDING, {BATCH_ID.key: batch_id}).all()
    end_unstarted_items(connection, batch_id, rows, now, state=ItemState.CANCELLED)


def end_unstarted_items(
    connection: Connection,
    batch_id: str,
    rows: Sequence[Row[Any]],
    now: float,
    *,
    state: ItemState,
    problem: Problem | None = None,
) -> None:
    """End items that have not been started, and give their reservations back."""
    for row in rows:
        settle_job(connection, row.job_id, 0, now)
        values = {"state": state, "problem_json": None if problem is None else problem.model_dump_json()}
        connection.execute(_UPDATE_ITEM, values | {BATCH_ID.key: batch_id, _NUMBER.key: row.number})
    raise_sheets(connection, batch_id, [row.number for row in rows])


def queue_item(connection: Connection, job: Job, ref: BatchRef) -> bool:
    """Record that the job of an item is about to be queued; False unless its batch runs and it waits for this job."""
    batch = lock_batch(connection, ref.batch_id)
    item = find_item(connection, ref.batch_id, ref.item_number)
    if batch.state is not BatchState.RUNNING or item is None or not _waits_for(item, job):
        return False
    key = {BATCH_ID.key: batch.id, _NUMBER.key: item.number}
    connection.execute(_UPDATE_ITEM, key | {"state": ItemState.QUEUED})
    save_batch(connection, batch)
    return True


def _waits_for(item: BatchItem, job: Job) -> bool:
    return item.state is ItemState.PENDING and item.job_id == job.id


def unqueue_item(connection: Connection, job_id: str, ref: BatchRef, now: float) -> None:
    """Let an item be started later, as the queue has no room for its job; one of a batch that ends is cancelled."""
    batch = lock_batch(connection, ref.batch_id)
    item = find_item(connection, ref.batch_id, ref.item_number)
    if item is None or item.job_id != job_id or item.state is not ItemState.QUEUED:
        return
    save_items(connection, batch.id, [replace(item, state=ItemState.PENDING)])
    if batch.state is BatchState.CANCELLING:
        cancel_pending_items(connection, batch.id, now)
        follow_items(connection, batch, now)
    else:
        save_batch(connection, batch)


def settle_item(
    connection: Connection,
    job_id: str,
    ref: BatchRef | None,
    end: ItemEnd,
    billed_calls: int,
    now: float,
    image: bytes | None = None,
) -> None:
    """Record how the job of an item ended, with its picture. Nothing happens for a job that is none of an item.

    A dead letter that is tried again has another id than its item, whose failure it mends, unless that is made anew.
    """
    found = connection.execute(_SELECT_PLACE, {_JOB_ID.key: job_id}).one_or_none()
    place = found or (None if ref is None else (ref.batch_id, ref.item_number))
    if place is None:
        return
    batch_id, number = place
    key = {BATCH_ID.key: batch_id, _NUMBER.key: number}
    if connection.execute(_SELECT_ITEM, key).one_or_none() is None:
        return
    batch = lock_batch(connection, batch_id)
    item = connection.execute(_SELECT_ITEM, key).one()
    if image is not None:
        row = {"job_id": job_id, "batch_id": batch_id, "image": image, "stored_at": now}
        row["sha256"] = hashlib.sha256(image).hexdigest()
        connection.execute(build_insert_unless_exists(connection, batch_results, row)).one_or_none()
    is_latest = item.job_id == job_id and item.state in OPEN_ITEM_STATES
    if is_latest or (item.job_id != job_id and item.state == ItemState.FAILED):
        problem_json = None if end.problem is None else end.problem.model_dump_json()
        values = {"job_id": job_id, "state": end.state, "seed": end.seed, "problem_json": problem_json}
        connection.execute(_UPDATE_ITEM, values | key | {"cost": item.cost + billed_calls * item.price})
        raise_sheets(connection, batch_id, [number])
        follow_items(connection, batch, now)


def end_lost_items(connection: Connection, batch: Batch, now: float) -> None:
    """End items of a locked batch whose jobs ended without them, as in a release that knows no batches: they failed."""
    rows = connection.execute(_SELECT_LOST, {BATCH_ID.key: batch.id}).all()
    problem_json = make_problem("result_gone").model_dump_json()
    for row in rows:
        if row.state is None:
            settle_job(connection, row.job_id, 0, now)
        spent = connection.execute(_SELECT_SPENT, {_JOB_ID.key: row.job_id}).scalar_one()
        values = {"state": ItemState.FAILED, "problem_json": problem_json, "cost": row.cost + int(spent)}
        connection.execute(_UPDATE_ITEM, values | {BATCH_ID.key: batch.id, _NUMBER.key: row.number})
    if rows:
        raise_sheets(connection, batch.id, [row.number for row in rows])
        follow_items(connection, batch, now)


def delete_result(connection: Connection, job_id: str, now: float) -> None:
    """Delete the stored picture of an item that a person deleted; it counts as rejected, as nobody can decide on it."""
    if not connection.execute(delete(batch_results).where(batch_results.c.job_id == job_id)).rowcount:
        return
    place = connection.execute(_SELECT_PLACE, {_JOB_ID.key: job_id}).one_or_none()
    if place is None:
        return
    batch = lock_batch(connection, place.batch_id)
    item = find_item(connection, batch.id, place.number)
    if item is not None and item.state is ItemState.GENERATED:
        save_items(connection, batch.id, [replace(item, review=Review.REJECTED)])
        follow_items(connection, batch, now)


def restart_item(item: BatchItem, job_id: str, price: int, reviewer_id: int | None) -> BatchItem:
    """Return an item as it is when it is to be made once more, by another job; a reviewer may have asked for it."""
    return replace(
        item,
        job_id=job_id,
        price=price,
        state=ItemState.PENDING,
        attempt=item.attempt + 1,
        seed=None,
        problem=None,
        review=Review.UNDECIDED,
        reviewer_id=reviewer_id,
        review_note="",
    )

"""The ledger: reservations for jobs, their costs, and releases. Entries are only ever added.

The functions are part of the transactions of `bot.storage.jobs` that accept a job and close its record, so that there
is no moment at which one is stored and the other is not. The jobs of a batch are reserved when it starts. Amounts are
millionths of a dollar.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, bindparam, false, func, insert, select, union_all, update

from bot.domain.budgets import BudgetUnit, Spender
from bot.storage.tables import (
    IS_OPEN_JOB,
    IS_PENDING_ITEM,
    OPEN_STATES,
    batch_items,
    budget_counters,
    jobs,
    ledger_entries,
    outcomes,
    queue_entries,
)
from shared.job import Job


class EntryKind(StrEnum):
    """The kinds of entries. A job has one reservation, and one settlement or release."""

    RESERVATION = "reservation"
    SETTLEMENT = "settlement"
    RELEASE = "release"
    ADJUSTMENT = "adjustment"


_JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id")
_KEY: Final[BindParameter[str]] = bindparam("target_key")
_CHANGE: Final[BindParameter[int]] = bindparam("change")
_INSERT_ENTRY: Final = insert(ledger_entries)
_SELECT_RESERVATION: Final = select(ledger_entries).where(
    ledger_entries.c.job_id == _JOB_ID, ledger_entries.c.kind == EntryKind.RESERVATION
)
OPEN_JOB_IDS: Final = union_all(
    select(jobs.c.id.label("job_id")).where(IS_OPEN_JOB),
    select(batch_items.c.job_id).where(IS_PENDING_ITEM),
).subquery("open_job_ids")
"""The ids of the jobs whose reservations are open, including jobs that items of batches do not have yet."""

SELECT_OPEN_RESERVATIONS: Final = (  # without a period, for which SQLite would read all of its entries
    select(ledger_entries)
    .join_from(OPEN_JOB_IDS, ledger_entries, ledger_entries.c.job_id == OPEN_JOB_IDS.c.job_id)
    .where(ledger_entries.c.kind == EntryKind.RESERVATION)
)
_CLOSING: Final = ledger_entries.alias()
_UNKNOWN_CALLS: Final = (
    select(func.coalesce(func.sum(queue_entries.c.unknown_calls), 0))
    .where(queue_entries.c.job_id == jobs.c.id)
    .scalar_subquery()
)
_SELECT_UNSETTLED: Final = (
    select(
        ledger_entries,
        outcomes.c.kind.label("kind_of_outcome"),
        outcomes.c.cost_usd,
        _UNKNOWN_CALLS.label("unknown_calls"),
    )
    .join(jobs, jobs.c.id == ledger_entries.c.job_id)
    .outerjoin(outcomes, outcomes.c.job_id == jobs.c.id)
    .outerjoin(
        _CLOSING,
        (_CLOSING.c.job_id == ledger_entries.c.job_id) & _CLOSING.c.kind.in_((EntryKind.SETTLEMENT, EntryKind.RELEASE)),
    )
    .where(
        ledger_entries.c.kind == EntryKind.RESERVATION,
        ledger_entries.c.counted_at >= bindparam("since"),
        jobs.c.state.not_in(OPEN_STATES),
        _CLOSING.c.id.is_(None),
    )
)
_CHANGE_COUNTER: Final = (
    update(budget_counters).where(budget_counters.c.key == _KEY).values(used=budget_counters.c.used + _CHANGE)
)
_SET_COUNTERS: Final = (
    update(ledger_entries)
    .where(ledger_entries.c.id == bindparam("entry_id"))
    .values(counters=bindparam("new_counters"))
)
_LOCK_ID: Final = 0x6C6564676572  # "ledger"
_SHARE_LEDGER: Final = select(func.pg_advisory_xact_lock_shared(_LOCK_ID))
_TAKE_WRITE_LOCK: Final = update(budget_counters).where(false()).values(used=budget_counters.c.used)
_LOCK_LEDGER: Final = select(func.pg_advisory_xact_lock(_LOCK_ID))


class Reservation(NamedTuple):
    """The price of a job, which is set aside before the job is queued; an item of a batch may have no job yet."""

    job_id: str
    model: str
    price: int


def reserve_prices(
    connection: Connection,
    reservations: Sequence[Reservation],
    spender: Spender,
    counters: Mapping[str, BudgetUnit],
    at: float,
) -> None:
    """Add a reservation for each job. `counters` are those to which its price was added, by key."""
    entry = _build_entry(EntryKind.RESERVATION, spender, at)
    entry["counters"] = json.dumps(counters) if counters else None
    rows = [entry | {"job_id": job_id, "model": model, "reserved": price} for job_id, model, price in reservations]
    connection.execute(_INSERT_ENTRY, rows)


def settle_closed_jobs(connection: Connection, since: float, at: float) -> int:
    """Close the reservations of jobs whose records are closed, and return how many there were.

    Only a release without a ledger leaves them open, when an operator goes back to it for a while. Their cost is the
    one that it recorded with the outcome; without an outcome the job was not called.
    """
    share_ledger(connection)
    rows = connection.execute(_SELECT_UNSETTLED, {"since": since}).all()
    changes: Counter[str] = Counter()
    for row in rows:
        if row.kind_of_outcome is None:
            billed_calls = 0
        elif row.cost_usd is None:
            billed_calls = 1 + row.unknown_calls
        else:
            billed_calls = (row.cost_usd > 0) + row.unknown_calls
        changes.update(_close_reservation(connection, row, billed_calls=billed_calls, at=at))
    change_counters(connection, changes)
    return len(rows)


def settle_job(connection: Connection, job_id: str, billed_calls: int, at: float, accounts: str | None = None) -> bool:
    """Add the cost of a job, each billed call at the price that was reserved, and give back its reservation.

    `accounts` are those of `name_billed_accounts`. Without a billed call it is only given back. False if the job has no
    reservation.
    """
    share_ledger(connection)
    row = find_reservation(connection, job_id)
    if row is None:
        return False
    changes = _close_reservation(connection, row, billed_calls=billed_calls, at=at, accounts=accounts)
    change_counters(connection, changes)
    return True


def find_reservation(connection: Connection, job_id: str) -> Row[Any] | None:
    """Find the reservation of a job, whether it is settled or not."""
    return connection.execute(_SELECT_RESERVATION, {_JOB_ID.key: job_id}).one_or_none()


def parse_counters(reservation: Row[Any]) -> dict[str, str]:
    """Parse the counters to which the price of a reservation was added, with their units, by key."""
    counters: dict[str, str] = json.loads(reservation.counters or "{}")
    return counters


def set_counters(connection: Connection, reservation: Row[Any], counters: Mapping[str, str]) -> None:
    """Let a reservation name other counters, to which its price is given back."""
    values = {"entry_id": reservation.id, "new_counters": json.dumps(counters)}
    connection.execute(_SET_COUNTERS, values)


def add_adjustment(
    connection: Connection, spender: Spender, unit: BudgetUnit, amount: int, reason: str, at: float
) -> None:
    """Add an entry that gives a member `amount` more, or less if it is negative."""
    column = "spent" if unit is BudgetUnit.USD else "calls"
    entry = _build_entry(EntryKind.ADJUSTMENT, spender, at)
    connection.execute(_INSERT_ENTRY, entry | {column: -amount, "reason": reason})


def change_counters(connection: Connection, changes: Mapping[str, int]) -> None:
    """Add to counters, as far as they exist: one that does not is read from the ledger when it is needed."""
    ordered = sorted(changes.items())  # in one order for all: otherwise two transactions could deadlock
    if rows := [{_KEY.key: key, _CHANGE.key: change} for key, change in ordered if change]:
        connection.execute(_CHANGE_COUNTER, rows)


def share_ledger(connection: Connection) -> None:
    """Keep others from adding up the ledger until the transaction ends. SQLite has a single writer anyway.

    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARE_LEDGER)


def lock_ledger(connection: Connection) -> None:
    """Wait for all transactions that change the ledger, and keep others from it until this one ends."""
    is_postgresql = connection.dialect.name == "postgresql"
    connection.execute(_LOCK_LEDGER if is_postgresql else _TAKE_WRITE_LOCK)


def get_requester_account(job: Job) -> Spender:
    """Return on whose account a job goes if nothing but the job is known: its team or its requester, without roles."""
    team_id = None if job.team is None else job.team.id
    return Spender(job.requester.id, job.origin.guild_id, job.origin.channel_id, team_id=team_id)


def _close_reservation(
    connection: Connection, row: Row[Any], *, billed_calls: int, at: float, accounts: str | None = None
) -> dict[str, int]:
    """Give a reservation back, add the cost of the billed calls, and return how the counters change."""
    spent = billed_calls * row.reserved
    kept = {"job_id", "guild_id", "channel_id", "user_id", "team_id", "model", "counted_at"}
    entry = {name: value for name, value in row._mapping.items() if name in kept}  # noqa: SLF001 — its public API
    kind = EntryKind.SETTLEMENT if billed_calls else EntryKind.RELEASE
    changes = {"kind": kind, "reserved": -row.reserved, "spent": spent, "calls": billed_calls, "created_at": at}
    connection.execute(_INSERT_ENTRY, entry | changes | {"counters": None, "accounts": accounts})
    change_by_unit: dict[str, int] = {
        BudgetUnit.USD: spent - row.reserved,
        BudgetUnit.PICTURES: min(billed_calls, 1) - 1,
    }
    return {key: change_by_unit[unit] for key, unit in parse_counters(row).items()}


def _build_entry(kind: EntryKind, spender: Spender, at: float) -> dict[str, Any]:
    """Build an entry without a job and without amounts."""
    return {
        "job_id": None,
        "kind": kind,
        "reserved": 0,
        "spent": 0,
        "calls": 0,
        "guild_id": spender.guild_id,
        "channel_id": spender.channel_id,
        "user_id": spender.user_id,
        "team_id": spender.team_id,
        "model": "",
        "counted_at": at,
        "created_at": at,
        "counters": None,
    }

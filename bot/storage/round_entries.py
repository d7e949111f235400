"""Entries of contests: accepted with their jobs, settled with the outcomes of these.

The functions are part of the transactions of `bot.storage.jobs` that accept a job and close its record, so an entry is
never counted without its job, and no job of an entry is accepted after its round has closed.
"""

from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from bot.domain.round_steps import NewMessage
from bot.domain.rounds import ACTIVE_STATES, Contest, EntryState, MessageKind, Phase, RoundEntry
from bot.storage.round_messages import add_messages
from bot.storage.round_rows import CONTEST_ID, build_entry_row, lock_contest, parse_entry
from bot.storage.tables import contests, round_entries
from shared.job import EntryRef, Job
from shared.problems import RejectedError, make_problem

_JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id")
_ROUND: Final[BindParameter[int]] = bindparam("target_round")
_INSERT_ENTRY: Final = insert(round_entries)
_SELECT_ENTRY: Final = select(round_entries).where(round_entries.c.job_id == _JOB_ID)
_OF_CONTEST: Final = round_entries.c.contest_id == CONTEST_ID
_OF_ROUND: Final = _OF_CONTEST & (round_entries.c.round_number == _ROUND)
_SELECT_COST: Final = select(func.coalesce(func.sum(round_entries.c.price), 0)).where(_OF_CONTEST)
_COUNT_PENDING: Final = select(func.count()).where(_OF_ROUND, round_entries.c.state == EntryState.PENDING)
_SELECT_LAST_NUMBER: Final = select(func.coalesce(func.max(round_entries.c.number), 0)).where(_OF_ROUND)
_UPDATE_ENTRY: Final = update(round_entries).where(round_entries.c.job_id == _JOB_ID)
_WITHDRAW_ENTRY: Final = _UPDATE_ENTRY.where(round_entries.c.state == EntryState.ENTERED).values(
    state=EntryState.WITHDRAWN
)
_MAKE_DUE: Final = update(contests).where(contests.c.id == CONTEST_ID, contests.c.due_at.is_not(None))


def is_secret_entry(found: FromClause) -> ColumnElement[bool]:
    """Build the condition that a row with columns of `jobs` is an entry of a round that is not over, or was not shown.

    It is no EXISTS, with which PostgreSQL would read all entries.
    """
    entry = select(round_entries.c.job_id).where(round_entries.c.job_id == found.c.id).correlate(found)
    return found.c.outcome_channel_id.is_(None) & entry.scalar_subquery().is_not(None)


def accept_entry(connection: Connection, job: Job, price: int, now: float) -> None:
    """Add the entry of a job, if it is one.

    Raises `RejectedError`: round_not_entering, round_not_your_turn, round_entries_used, round_full, round_cost_limit,
    round_entry_unknown.
    """
    ref = job.entry
    if ref is None:
        return
    contest = lock_contest(connection, ref.contest_id)
    if contest is None or not _is_entering(contest, ref, now):
        raise RejectedError(make_problem("round_not_entering"))
    settings, author_id = contest.settings, job.requester.id
    if settings.is_relay and (contest.turn_user_id, contest.turn_number) != (author_id, ref.turn_number):
        raise RejectedError(make_problem("round_not_your_turn"))
    if ref.replaced_job_id is not None:
        _require_replaceable(connection, contest, ref.replaced_job_id, author_id)
    count, own_count = _count_active_entries(connection, contest, author_id, ref.replaced_job_id)
    limit = 1 if settings.is_relay else settings.max_entries_per_member
    if own_count >= limit:
        raise RejectedError(make_problem("round_entries_used", limit=limit))
    if settings.max_entries is not None and count >= settings.max_entries:
        raise RejectedError(make_problem("round_full", limit=settings.max_entries))
    cost: int = connection.execute(_SELECT_COST, {CONTEST_ID.key: contest.id}).scalar_one()
    if settings.max_cost is not None and cost + price > settings.max_cost:
        raise RejectedError(make_problem("round_cost_limit", limit=f"usd {settings.max_cost}"))
    number = contest.turn_number if settings.is_relay else None
    entry = RoundEntry(
        job.id,
        contest.id,
        contest.round_number,
        author_id,
        now,
        price=price,
        number=number,
        replaced_job_id=ref.replaced_job_id,
    )
    connection.execute(_INSERT_ENTRY, build_entry_row(entry))


def settle_entry(connection: Connection, job_id: str, *, is_generated: bool, cost: int, now: float) -> None:
    """Record how the job of an entry ended, and what it cost; one that comes too late is not entered.

    Nothing happens for a job that is no entry.
    """
    row = connection.execute(_SELECT_ENTRY, {_JOB_ID.key: job_id}).one_or_none()
    contest = lock_contest(connection, row.contest_id) if row is not None else None
    row = connection.execute(_SELECT_ENTRY, {_JOB_ID.key: job_id}).one_or_none()
    if contest is None or row is None or row.state != EntryState.PENDING:
        return
    entry = parse_entry(row)
    is_entered = is_generated and contest.is_open and contest.round_number == entry.round_number
    state = EntryState.ENTERED if is_entered else EntryState.FAILED
    connection.execute(_UPDATE_ENTRY, {"state": state, "price": cost, _JOB_ID.key: job_id})
    if is_entered and entry.replaced_job_id:
        connection.execute(_WITHDRAW_ENTRY, {_JOB_ID.key: entry.replaced_job_id})
    if is_entered and not (contest.settings.is_relay or contest.settings.shows_entries_at_once):
        _show_entry(connection, entry, now)
    round_key = _build_round_key(entry.contest_id, entry.round_number)
    is_complete = not connection.execute(_COUNT_PENDING, round_key).scalar_one()
    if contest.phase in {Phase.CLOSING, Phase.TURN} and is_complete:
        connection.execute(_MAKE_DUE, {CONTEST_ID.key: contest.id, "due_at": now})


def _show_entry(connection: Connection, entry: RoundEntry, now: float) -> None:
    """Give an entry the next number, and let it be shown at once."""
    round_key = _build_round_key(entry.contest_id, entry.round_number)
    last: int = connection.execute(_SELECT_LAST_NUMBER, round_key).scalar_one()
    connection.execute(_UPDATE_ENTRY, {"number": last + 1, _JOB_ID.key: entry.job_id})
    message = NewMessage(MessageKind.ENTRY, entry.round_number, job_id=entry.job_id)
    add_messages(connection, entry.contest_id, [message], now)


def _is_entering(contest: Contest, ref: EntryRef, now: float) -> bool:
    phase = Phase.TURN if contest.settings.is_relay else Phase.ENTERING
    return contest.phase is phase and contest.round_number == ref.round_number and contest.has_time_left(now)


def _count_active_entries(
    connection: Connection, contest: Contest, author_id: int, replaced_job_id: str | None
) -> tuple[int, int]:
    """Count the entries that a new one is added to, and those of its author, without the one that it replaces."""
    is_own = case((round_entries.c.author_id == author_id, 1))
    query = _select_active_entries(contest, func.count(), func.count(is_own))
    if replaced_job_id is not None:
        query = query.where(round_entries.c.job_id != replaced_job_id)
    count, own_count = connection.execute(query).one()
    return count, own_count


def _require_replaceable(connection: Connection, contest: Contest, job_id: str, author_id: int) -> None:
    """Raise `RejectedError` (round_entry_unknown) unless the author entered this job, and nothing replaces it yet."""
    columns = (round_entries.c.job_id, round_entries.c.state, round_entries.c.author_id)
    query = _select_active_entries(contest, *columns).where(
        (round_entries.c.job_id == job_id) | (round_entries.c.replaced_job_id == job_id)
    )
    if connection.execute(query).all() != [(job_id, EntryState.ENTERED, author_id)]:
        raise RejectedError(make_problem("round_entry_unknown"))


def _select_active_entries(contest: Contest, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select from the entries that count towards the limits: those of the round, or in a relay those of the turn."""
    query = select(*columns).where(
        round_entries.c.contest_id == contest.id,
        round_entries.c.round_number == contest.round_number,
        round_entries.c.state.in_(ACTIVE_STATES),
    )
    return query.where(round_entries.c.number == contest.turn_number) if contest.settings.is_relay else query


def _build_round_key(contest_id: str, round_number: int) -> dict[str, Any]:
    return {CONTEST_ID.key: contest_id, _ROUND.key: round_number}

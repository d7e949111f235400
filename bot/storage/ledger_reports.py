"""Sums of the ledger: by member, channel, model, server, day or month."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, bindparam, case, cast, exists, func, null, select

from bot.domain.budgets import BudgetUnit
from bot.storage.budget_counters import AMOUNTS_USED, load_time_zone
from bot.storage.job_records import build_owner
from bot.storage.ledger import OPEN_JOB_IDS, EntryKind
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import jobs, ledger_entries, queue_entries
from shared.accounts import DEFAULT_ACCOUNT

_SECONDS_PER_QUARTER: Final = 900  # every time zone's midnight is on a quarter of an hour


class ReportGroup(StrEnum):
    """The subject of the lines of a report."""

    MEMBER = "member"
    CHANNEL = "channel"
    MODEL = "model"
    DAY = "day"
    GUILD = "guild"
    MONTH = "month"
    TEAM = "team"
    ACCOUNT = "account"


NO_TEAM_KEY: Final = "0"
"""The key of the line of requests for no team, in a report by team."""

NO_ACCOUNT_KEY: Final = "open"
"""The key of the line of open requests, in a report by AWS account: it is not known yet where they will be called."""

_COLUMNS: Final[Mapping[ReportGroup, ColumnElement[Any]]] = {
    ReportGroup.MEMBER: ledger_entries.c.user_id,
    ReportGroup.CHANNEL: ledger_entries.c.channel_id,
    ReportGroup.MODEL: ledger_entries.c.model,
    ReportGroup.GUILD: ledger_entries.c.guild_id,
    ReportGroup.TEAM: func.coalesce(ledger_entries.c.team_id, 0),
    ReportGroup.ACCOUNT: case(
        (ledger_entries.c.kind == EntryKind.RESERVATION, NO_ACCOUNT_KEY),
        else_=func.coalesce(ledger_entries.c.accounts, DEFAULT_ACCOUNT),
    ),
}


@dataclass(frozen=True)
class ReportLine:
    """The spending by or on `key`: millionths of a dollar spent and reserved, and calls that are billed or may be."""

    key: str
    spent: int
    reserved: int
    calls: int

    @property
    def amount(self) -> int:
        """The sum of both amounts."""
        return self.spent + self.reserved


def add_up(lines: Iterable[ReportLine], key: str) -> ReportLine:
    """Add up lines to one with this key."""
    spent = reserved = calls = 0
    for line in lines:
        spent, reserved, calls = spent + line.spent, reserved + line.reserved, calls + line.calls
    return ReportLine(key, spent, reserved, calls)


@dataclass(frozen=True)
class SqlLedgerReports:
    """Reports of the ledger. Every method raises `RejectedError` (database_unavailable).

    Adjustments are no spending and are left out. `since` and `until` are Unix seconds.
    """

    database: Database

    async def load_reservations(self, job_ids: Collection[str]) -> Mapping[str, int]:
        """Load the prices that were reserved for these jobs, in millionths of a dollar, by id.

        A job that another release accepted may have none.
        """
        query = select(ledger_entries.c.job_id, ledger_entries.c.reserved).where(
            ledger_entries.c.job_id.in_(job_ids), ledger_entries.c.kind == EntryKind.RESERVATION
        )
        with translate_database_errors():
            rows = await self.database.run_transaction(lambda connection: connection.execute(query).all())
        return {row.job_id: row.reserved for row in rows}

    async def sum_spending(
        self, group: ReportGroup, since: float, until: float, guild_id: int | None = None
    ) -> Sequence[ReportLine]:
        """Sum the spending in a guild or everywhere; days and months in order, anything else by amount.

        Days and months begin in the guild's time zone, or in UTC.
        """

        def read(connection: Connection) -> list[ReportLine]:
            condition = (ledger_entries.c.counted_at >= since) & (ledger_entries.c.counted_at < until)
            if guild_id is not None:
                condition &= ledger_entries.c.guild_id == guild_id
            if group in _COLUMNS:
                lines = _sum_by(connection, _COLUMNS[group], condition)
                if group is ReportGroup.ACCOUNT:
                    lines = _split_accounts(lines)
                return sorted(lines, key=lambda line: (-line.amount, line.key))
            zone = load_time_zone(connection, guild_id or 0)
            quarters = cast(func.floor(ledger_entries.c.counted_at / _SECONDS_PER_QUARTER), BigInteger)
            return _merge_quarters(_sum_by(connection, quarters, condition), zone, by_month=group is ReportGroup.MONTH)

        with translate_database_errors():
            return await self.database.run_transaction(read)

    async def sum_member_spending(self, guild_id: int, user_id: int, since: float) -> ReportLine:
        """Sum the spending of a member for themselves in a guild, and their pictures, those under way included."""
        query = select(
            func.coalesce(func.sum(AMOUNTS_USED[BudgetUnit.USD]), 0),
            func.coalesce(func.sum(AMOUNTS_USED[BudgetUnit.PICTURES]), 0),
        ).where(
            ledger_entries.c.user_id == user_id,
            ledger_entries.c.guild_id == guild_id,
            ledger_entries.c.team_id.is_(None),
            ledger_entries.c.kind != EntryKind.ADJUSTMENT,
            ledger_entries.c.counted_at >= since,
        )
        with translate_database_errors():
            spent, pictures = await self.database.run_transaction(lambda connection: connection.execute(query).one())
        return ReportLine(str(user_id), int(spent), 0, int(pictures))

    async def load_member_names(self, user_ids: Collection[int]) -> Mapping[str, str]:
        """Load the names under which people made their latest requests, by their ids as text."""
        query = select(jobs, null().label("language")).where(jobs.c.requester_id == bindparam("member"))
        latest = query.order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc()).limit(1)

        def read(connection: Connection) -> list[Row[Any]]:
            found = (connection.execute(latest, {"member": user_id}).one_or_none() for user_id in user_ids)
            return [row for row in found if row is not None]

        with translate_database_errors():
            rows = await self.database.run_transaction(read)
        return {str(row.requester_id): build_owner(row).requester.name for row in rows}

    async def count_calls(self) -> tuple[int, int]:
        """Count the calls in the ledger of jobs whose records are kept, and the calls that the queue recorded of them.

        The queue also counts calls that AWS does not bill, such as throttled ones.
        """
        jobs_in_ledger = select(ledger_entries.c.job_id).where(ledger_entries.c.kind == EntryKind.SETTLEMENT)
        is_recorded = exists().where(queue_entries.c.job_id == ledger_entries.c.job_id)
        in_ledger = select(func.coalesce(func.sum(ledger_entries.c.calls), 0)).where(
            ledger_entries.c.kind == EntryKind.SETTLEMENT, is_recorded
        )
        in_queue = select(func.coalesce(func.sum(queue_entries.c.calls), 0)).where(
            queue_entries.c.job_id.in_(jobs_in_ledger)
        )
        with translate_database_errors():
            return await self.database.run_transaction(
                lambda connection: (
                    int(connection.execute(in_ledger).scalar_one()),
                    int(connection.execute(in_queue).scalar_one()),
                )
            )


def _sum_by(
    connection: Connection, column: ColumnElement[int] | ColumnElement[str], condition: ColumnElement[bool]
) -> list[ReportLine]:
    """Sum settlements, and the reservations of jobs that are open; those of others are given back."""
    spent = (
        select(column.label("key"), func.sum(ledger_entries.c.spent), func.sum(ledger_entries.c.calls))
        .where(condition, ledger_entries.c.kind == EntryKind.SETTLEMENT)
        .group_by(column)
    )
    reserved = (
        select(column.label("key"), func.sum(ledger_entries.c.reserved))
        .join(OPEN_JOB_IDS, OPEN_JOB_IDS.c.job_id == ledger_entries.c.job_id)
        .where(condition, ledger_entries.c.kind == EntryKind.RESERVATION)
        .group_by(column)
    )
    spent_by_key = {str(key): (int(amount), int(calls)) for key, amount, calls in connection.execute(spent)}
    reserved_by_key = {str(key): int(amount) for key, amount in connection.execute(reserved)}
    lines = []
    for key in dict.fromkeys((*spent_by_key, *reserved_by_key)):
        amount, calls = spent_by_key.get(key, (0, 0))
        lines.append(ReportLine(key, amount, reserved_by_key.get(key, 0), calls))
    return lines


def _split_accounts(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """Give each account its part of the lines of jobs that were called in several, each call at the same price."""
    by_account: defaultdict[str, list[ReportLine]] = defaultdict(list)
    for line in lines:
        accounts = line.key.split()
        for account, count in Counter(accounts).items():
            spent, calls = (amount * count // len(accounts) for amount in (line.spent, line.calls))
            by_account[account].append(ReportLine(account, spent, line.reserved, calls))
    return [add_up(parts, account) for account, parts in by_account.items()]


def _merge_quarters(lines: Sequence[ReportLine], zone: ZoneInfo, *, by_month: bool) -> list[ReportLine]:
    by_day: defaultdict[str, list[ReportLine]] = defaultdict(list)
    length = len("2026-11" if by_month else "2026-11-22")
    for line in lines:
        moment = datetime.fromtimestamp(int(line.key) * _SECONDS_PER_QUARTER, zone)
        by_day[moment.date().isoformat()[:length]].append(line)
    return [add_up(quarters, day) for day, quarters in sorted(by_day.items())]

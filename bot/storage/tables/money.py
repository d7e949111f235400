"""The ledger, budgets, and counters of their usage."""

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from bot.storage.tables.metadata import metadata

_REPORTED_COLUMNS: Final = ("user_id", "channel_id", "model", "team_id", "spent", "calls", "job_id")
"""With these, an index tells what a report of a guild adds up."""

ledger_entries: Final = Table(
    "ledger_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("job_id", String(25), comment="NULL for an adjustment"),
    Column("kind", String(16), nullable=False, comment="reservation, settlement, release or adjustment"),
    Column("reserved", BigInteger, nullable=False, comment="change of what is set aside, in millionths of a dollar"),
    Column("spent", BigInteger, nullable=False, comment="change of what was spent, in millionths of a dollar"),
    Column("calls", Integer, nullable=False, comment="calls that are billed, or may be"),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False, comment="that of a thread is its parent"),
    Column("user_id", BigInteger, nullable=False, comment="0 after /forget-me"),
    Column("model", String(64), nullable=False),
    Column("counted_at", Float(53), nullable=False, comment="the time that decides on the period: of the reservation"),
    Column("created_at", Float(53), nullable=False),
    Column("counters", Text, comment="of a reservation: the keys of its budget_counters to their units, as JSON"),
    Column("reason", Text, comment="of an adjustment"),
    Column("team_id", BigInteger, comment="the role of the team that the job is for"),
    Column(
        "accounts",
        Text,
        comment="of a settlement: the AWS account of its calls, or one for each call if they differ, with spaces; "
        "NULL for that of the credentials",
    ),
    Index(None, "job_id", "kind", unique=True),
    Index(None, "guild_id", "kind", "counted_at", *_REPORTED_COLUMNS),
    Index(None, "user_id", "counted_at", "guild_id", "team_id", "kind", "reserved", "spent", "calls"),
    Index(None, "counted_at"),
)

budgets: Final = Table(
    "budgets",
    metadata,
    Column("id", String(16), primary_key=True, comment="random, as the keys of counters contain it"),
    Column("guild_id", BigInteger, nullable=False),
    Column("scope", String(16), nullable=False, comment="guild, channel, role or member"),
    Column("target_id", BigInteger, nullable=False, comment="the guild, channel, role or user"),
    Column("period", String(8), nullable=False, comment="day, week or month"),
    Column("unit", String(8), nullable=False, comment="usd or pictures"),
    Column("limit", BigInteger, nullable=False, comment="millionths of a dollar, or pictures"),
    Column("created_by", BigInteger, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Index(None, "guild_id", "target_id", "scope", "period", "unit", unique=True),
)

budget_counters: Final = Table(
    "budget_counters",
    metadata,
    Column("key", String(64), primary_key=True, comment="budget, member if of a role, and first day of the period"),
    Column("used", BigInteger, nullable=False, comment="spent and reserved, in the unit of the budget"),
)

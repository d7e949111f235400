"""The tables of the database. Times are Unix seconds, ids are Discord's snowflakes.

    jobs ──1:n── queue_entries       one row each time the job is queued; a second one after Redis lost the first
      ├────1:1── outcomes            how the job ended and what it cost
      ├────1:1── thumbnails          its result scaled down, stored when an overview first needs it
      ├────1:1── undelivered_images  its result, if no Discord message could carry it
      ├────n:1── source_images       the image it starts from, shared by all jobs of the same upload
      └────1:n── favourites          the people who marked its result
    explorations                     one message each; their variants are jobs
    ledger_entries                   what was reserved and spent, only ever added to
    budgets ──1:n── budget_counters  the limits of guilds, and what was used of each in a period
    queue_epoch                      one row, compared with Redis's
    user_preferences, guild_settings
    blocks, audit_entries            whom moderators blocked, and what they and managers did
    presets                          named settings of a person or a guild
    stored_format                    one row: the format of all of this

A migration only adds. A column that a release no longer reads is dropped by the release after it, so that each release
works with the schema of the next.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class RecordState(StrEnum):
    """The state of a recorded job. ACCEPTED and QUEUED are open, the others final."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    REJECTED = "rejected"
    DELIVERED = "delivered"


OPEN_STATES: Final = (RecordState.ACCEPTED, RecordState.QUEUED)
IS_PERSONAL_PRESET: Final = text("guild_id = 0")
IS_GUILD_PRESET: Final = text("guild_id <> 0")


def _build_unique_index(name: str, *columns: str, where: TextClause) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", String(25), primary_key=True, comment="the interaction that submitted it"),
    Column("parent_id", ForeignKey("jobs.id"), comment="the job whose result this one starts from"),
    Column("job_json", Text, nullable=False, comment="shared.job.Job as JSON"),
    Column("model", String(64), nullable=False),
    Column("requester_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("status_message_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("state", String(16), nullable=False),
    Column("rejection_code", String(64), comment="code of the first problem of a rejected job"),
    Column("source_url", Text, comment="signed; deleted when the job ends"),
    Column("source_size_bytes", BigInteger),
    Column("source_expires_at", Float(53)),
    Column("source_sha256", String(64)),
    Column("accepted_at", Float(53), nullable=False),
    Column("finished_at", Float(53)),
    Column("delivered_at", Float(53)),
    Column("outcome_channel_id", BigInteger),
    Column("outcome_message_id", BigInteger),
    Column("search_text", Text, comment="the prompts, case-folded"),
    Column("deleted_at", Float(53), comment="when a person deleted the result"),
    Index(None, "state", "accepted_at"),
    Index(None, "requester_id", "accepted_at"),
    Index(None, "guild_id", "accepted_at"),
    Index(None, "outcome_channel_id", "finished_at"),
    Index(None, "parent_id"),
    Index(None, "source_sha256"),
)

queue_entries: Final = Table(
    "queue_entries",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "entry_number", Integer, primary_key=True, autoincrement=False, comment="1, or 2 after the queue lost the job"
    ),
    Column("queued_at", Float(53)),
    Column("claims", Integer, nullable=False, comment="claims, in both stages"),
    Column("calls", Integer, nullable=False, comment="claims in which a call was started"),
    Column("unknown_calls", Integer, nullable=False, comment="calls of unknown fate"),
)

queue_epoch: Final = Table(
    "queue_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("number", Integer, nullable=False, comment="how often the queue was compared after Redis started"),
)

outcomes: Final = Table(
    "outcomes",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "kind", String(16), nullable=False, comment="generated, filtered, failed, or unknown (delivered, then lost)"
    ),
    Column("seed", BigInteger, comment="as returned by the model"),
    Column("filtered_part", String(16), comment="shared.outcome's FilteredPart"),
    Column("problem_code", String(64), comment="why it failed"),
    Column("duration_seconds", Float(53), comment="time the call took"),
    Column("cost_usd", Float(53), comment="at the catalogue's price of the time; NULL if unknown"),
)

source_images: Final = Table(
    "source_images",
    metadata,
    Column("sha256", String(64), primary_key=True, comment="of the upload"),
    Column("image", LargeBinary, nullable=False, comment="as prepared for the model"),
    Column("last_used_at", Float(53), nullable=False),
    Index(None, "last_used_at"),
)

thumbnails: Final = Table(
    "thumbnails",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
)

undelivered_images: Final = Table(
    "undelivered_images",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("image", LargeBinary, nullable=False),
    Column("stored_at", Float(53), nullable=False),
    Index(None, "stored_at"),
)

favourites: Final = Table(
    "favourites",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Float(53), nullable=False),
    Index(None, "job_id"),
)

explorations: Final = Table(
    "explorations",
    metadata,
    Column(
        "id",
        String(25),
        primary_key=True,
        comment="the interaction that started it; its variants end in -01, -02 and so on",
    ),
    Column("exploration_json", Text, nullable=False, comment="bot.domain's Exploration as JSON"),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False, comment="the contact sheet"),
    Column("requester_id", BigInteger, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("ended_at", Float(53), comment="when its last variant ended"),
    Index(None, "requester_id"),
    Index(None, "ended_at"),
)

user_preferences: Final = Table(
    "user_preferences",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(8), comment="NULL: the language of their Discord client"),
    Column("pings", Boolean, nullable=False),
    Column("private", Boolean, nullable=False, comment="results are sent as direct messages"),
    Column("options", Text, nullable=False, comment="defaults of /imagine's options, as JSON"),
    Column("ping", String(16), comment="when a result pings; NULL: see pings"),
    Column("reuse_policy", String(16), comment="who may build on their results"),
)

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
    Index(None, "job_id", "kind", unique=True),
    Index(None, "guild_id", "kind", "counted_at"),
    Index(None, "user_id", "counted_at"),
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

blocks: Final = Table(
    "blocks",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("ends_at", Float(53), comment="NULL: it does not end by itself"),
)

audit_entries: Final = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("actor_id", BigInteger, nullable=False, comment="who did it; 0 after /forget-me"),
    Column("action", String(32), nullable=False, comment="as in bot.domain.audit"),
    Column("target_id", BigInteger, comment="the user, role, channel or job it was done to"),
    Column("reason", Text, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Index(None, "guild_id", "id"),
)

guild_settings: Final = Table(
    "guild_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("button_policy", String(16), nullable=False, comment="who may use the buttons under a result"),
    Column("result_place", String(16), comment="where results appear"),
    Column("language", String(8), comment="NULL: the language of the requester"),
    Column("ask_price", Boolean, comment="several pictures show the price first"),
    Column("time_zone", String(64), comment="IANA name of the zone in which budgets' days begin; NULL: UTC"),
)

presets: Final = Table(
    "presets",
    metadata,
    Column("code", String(12), primary_key=True, comment="shared to give others a copy"),
    Column("user_id", BigInteger, nullable=False, comment="who saved it"),
    Column("guild_id", BigInteger, nullable=False, comment="the guild that owns it; 0 for a personal preset"),
    Column("name", String(64), nullable=False),
    Column("folded_name", String(64), nullable=False, comment="the name case-folded, unique per owner"),
    Column("options", Text, nullable=False, comment="option names to values, as JSON"),
    Column("saved_at", Float(53), nullable=False),
    Index(None, "guild_id", "user_id"),
    _build_unique_index("uq_presets_personal", "user_id", "folded_name", where=IS_PERSONAL_PRESET),
    _build_unique_index("uq_presets_guild", "guild_id", "folded_name", where=IS_GUILD_PRESET),
)

stored_format: Final = Table(
    "stored_format",
    metadata,
    Column("format", String(16), primary_key=True, comment="as in shared.stored_format"),
)

"""The tables of the records. Times are Unix seconds, ids Discord's snowflakes; only open jobs keep a picture's address.

    jobs ──1:n── attempts    a row for each time the job was queued: the second one is the repeat after Redis forgot it
      ├────1:1── outcomes    how it ended, and what that cost
      ├────1:1── thumbnails  its picture made small, once a sheet needed it
      ├────1:1── results     its picture, where no message has it: it could be told nowhere
      ├────n:1── sources     the picture it started from, once for all that started from it
      └────n:m── people      by favourites
    grids                    an exploration: its message, and its cells, which are jobs
    people, guilds           what they chose
    presets                  settings under a name, of a person or a guild

A migration only adds. What a release no longer reads is dropped by the release after it, so that the bot of one
release works on the tables of the next.
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
    """Where a recorded job stands. ACCEPTED and QUEUED are open; the others are its end."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    REJECTED = "refused"
    DELIVERED = "delivered"


OPEN_STATES: Final = (RecordState.ACCEPTED, RecordState.QUEUED)
IS_PERSONAL_PRESET: Final = text("guild_id = 0")
IS_GUILD_PRESET: Final = text("guild_id <> 0")


def _build_unique_index(name: str, *columns: str, where: TextClause) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", String(25), primary_key=True, comment="the interaction that asked"),
    Column("parent_id", ForeignKey("jobs.id"), comment="the job whose picture this one starts from"),
    Column("job", Text, nullable=False, comment="shared.job.Job as JSON"),
    Column("model", String(64), nullable=False),
    Column("requester_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False, comment="the status message"),
    Column("thread_id", BigInteger),
    Column("state", String(16), nullable=False),
    Column("refusal", String(64), comment="the code of the first problem of a refused job"),
    Column("source_url", Text, comment="signed; gone when the job ends"),
    Column("source_size", BigInteger),
    Column("source_expires_at", Float(53)),
    Column("source_sha256", String(64)),
    Column("accepted_at", Float(53), nullable=False),
    Column("finished_at", Float(53)),
    Column("delivered_at", Float(53)),
    Column("answer_channel_id", BigInteger),
    Column("answer_message_id", BigInteger),
    Column("words", Text, comment="the prompt, folded, for searching"),
    Column("deleted_at", Float(53), comment="when a person deleted the answer"),
    Index(None, "state", "accepted_at"),
    Index(None, "requester_id", "accepted_at"),
    Index(None, "guild_id", "accepted_at"),
    Index(None, "answer_channel_id", "finished_at"),
    Index(None, "parent_id"),
    Index(None, "source_sha256"),
)

queue_entries: Final = Table(
    "attempts",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("queueing", Integer, primary_key=True, autoincrement=False, comment="1; 2 for the repeat"),
    Column("queued_at", Float(53)),
    Column("claims", Integer, nullable=False, comment="leases taken, of both lanes"),
    Column("calls", Integer, nullable=False, comment="leases in which a call of the model was begun"),
    Column("doubts", Integer, nullable=False, comment="calls whose fate nobody knows, and that were repeated"),
)

outcomes: Final = Table(
    "outcomes",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), nullable=False, comment="generated, filtered, failed, or unknown: told, but lost"),
    Column("seed", BigInteger, comment="as the model's answer says"),
    Column("side", String(16), comment="what a filter withheld"),
    Column("problem", String(64), comment="the code of what went wrong"),
    Column("seconds", Float(53), comment="the model's own time"),
    Column("cost_usd", Float(53), comment="the catalogue's price then; nothing where it is unknown"),
)

source_images: Final = Table(
    "sources",
    metadata,
    Column("sha256", String(64), primary_key=True, comment="of the upload"),
    Column("picture", LargeBinary, nullable=False, comment="as the model got it"),
    Column("kept_at", Float(53), nullable=False),
    Index(None, "kept_at"),
)

thumbnails: Final = Table(
    "thumbnails",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
)

undelivered_images: Final = Table(
    "results",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("picture", LargeBinary, nullable=False),
    Column("kept_at", Float(53), nullable=False),
    Index(None, "kept_at"),
)

favourites: Final = Table(
    "favourites",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Float(53), nullable=False),
    Index(None, "job_id"),
)

explorations: Final = Table(
    "grids",
    metadata,
    Column("id", String(25), primary_key=True, comment="the interaction that asked; its cells are -01 and so on"),
    Column("grid", Text, nullable=False, comment="what it is made of, as JSON"),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger, nullable=False, comment="the contact sheet"),
    Column("requester_id", BigInteger, nullable=False),
    Column("at", Float(53), nullable=False),
    Column("ended_at", Float(53), comment="when its last cell had come to its end"),
    Index(None, "requester_id"),
    Index(None, "ended_at"),
)

user_preferences: Final = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(8), comment="nothing: that of their Discord"),
    Column("pings", Boolean, nullable=False),
    Column("private", Boolean, nullable=False, comment="results go to direct messages"),
    Column("options", Text, nullable=False, comment="what /imagine takes where an option is left out, as JSON"),
)

guild_settings: Final = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("pressing", String(16), nullable=False, comment="who may press the buttons under a result"),
)

presets: Final = Table(
    "presets",
    metadata,
    Column("code", String(12), primary_key=True, comment="what it is shared by"),
    Column("user_id", BigInteger, nullable=False, comment="who saved it"),
    Column("guild_id", BigInteger, nullable=False, comment="whose it is; 0: the person's own, in every guild"),
    Column("name", String(64), nullable=False),
    Column("folded", String(64), nullable=False, comment="the name, for comparing"),
    Column("options", Text, nullable=False, comment="by the names of the options, as JSON"),
    Column("at", Float(53), nullable=False),
    Index(None, "guild_id", "user_id"),
    _build_unique_index("uq_presets_own", "user_id", "folded", where=IS_PERSONAL_PRESET),
    _build_unique_index("uq_presets_of_guild", "guild_id", "folded", where=IS_GUILD_PRESET),
)

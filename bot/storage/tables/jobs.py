"""Jobs, their outcomes and images, and what the queue was compared with."""

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
    String,
    Table,
    Text,
    text,
)

from bot.storage.tables.metadata import build_partial_index, metadata


class RecordState(StrEnum):
    """The state of a recorded job. ACCEPTED and QUEUED are open, the others final."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    REJECTED = "rejected"
    DELIVERED = "delivered"


OPEN_STATES: Final = (RecordState.ACCEPTED, RecordState.QUEUED)

IS_OPEN_JOB: Final = text("jobs.state IN ('accepted', 'queued')")
"""The condition of the index of open jobs, which are few; a query that is to use it has the same words."""

_LISTED_COLUMNS: Final = ("id", "channel_id", "model", "state", "deleted_at", "outcome_channel_id")
"""With these, an index tells which jobs a list shows; only those of a page are read themselves."""

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
    Column("source_owner_id", BigInteger, comment="whose picture it starts from, if somebody else's"),
    Index(None, "state", "accepted_at"),
    Index(None, "requester_id", "accepted_at", *_LISTED_COLUMNS, "guild_id"),
    Index(None, "guild_id", "accepted_at", *_LISTED_COLUMNS, "requester_id"),
    Index(None, "outcome_channel_id", "finished_at"),
    Index(None, "parent_id", "accepted_at", "id"),
    Index(None, "source_sha256"),
    Index(None, "source_owner_id"),
    build_partial_index(
        "ix_jobs_open",
        "requester_id",
        "guild_id",
        "accepted_at",
        "id",
        "state",
        where=text("state IN ('accepted', 'queued')"),
    ),
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

result_hashes: Final = Table(
    "result_hashes",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", String(64), primary_key=True, comment="of a file that was posted"),
    Column("kind", String(16), nullable=False, comment="bot.domain's FileKind"),
    Column("credentials", String(16), comment="shared.outcome's Credentials; NULL: none"),
    Index(None, "sha256"),
)

favourites: Final = Table(
    "favourites",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Float(53), nullable=False),
    Column("guild_id", BigInteger, comment="that of the job; a trigger sets it for every release"),
    Column("is_own", Boolean, comment="the author's own mark; set by the same trigger"),
    Index(None, "job_id"),
    Index(None, "created_at"),
    Index(None, "guild_id", "created_at", "is_own", "job_id"),
)

_COUNTED_COLUMNS: Final = ("accepted_at", "job_id", "channel_id")

# Triggers of the migration count whatever any release writes to favourites.
favourite_counts: Final = Table(
    "favourite_counts",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False, comment="where it was submitted"),
    Column("accepted_at", Float(53), nullable=False),
    Column("marks", Integer, nullable=False, comment="how many people marked it"),
    Column("other_marks", Integer, nullable=False, comment="those of others than its author"),
    Index("ix_favourite_counts_marks", "guild_id", "marks", *_COUNTED_COLUMNS),
    Index("ix_favourite_counts_other_marks", "guild_id", "other_marks", *_COUNTED_COLUMNS),
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

backups: Final = Table(
    "backups",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("made_at", Float(53), nullable=False, comment="when the last backup was made"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("restored_at", Float(53), comment="when this was restored; NULL once the queue was compared with Discord"),
)

stored_format: Final = Table(
    "stored_format",
    metadata,
    Column("format", String(16), primary_key=True, comment="as in shared.stored_format"),
)

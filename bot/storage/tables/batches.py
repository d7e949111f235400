"""Tables of batches: their state, items, pictures and messages."""

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

IS_UNDRAWN: Final = text("version > drawn_version")
"""The condition of the partial indexes for the messages that are to be drawn; queries name it word for word."""

IS_APPROVAL_UNDRAWN: Final = text("approval_is_drawn = false")
"""The same for the messages with which approvers decide."""

IS_PENDING_ITEM: Final = text("batch_items.state = 'pending'")
"""The same for the items that are still to be started."""

batches: Final = Table(
    "batches",
    metadata,
    Column("id", String(25), primary_key=True, comment="the interaction that sent it; its items end in -001 and so on"),
    Column("idempotency_key", String(64), comment="of a batch from the command line"),
    Column("guild_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("board_message_id", BigInteger),
    Column("thread_id", BigInteger, comment="where its sheets are"),
    Column("requester_id", BigInteger, nullable=False),
    Column("requester_json", Text, nullable=False, comment="shared.job.Requester as JSON"),
    Column("spender_json", Text, nullable=False, comment="bot.domain's Spender as JSON"),
    Column("team_id", BigInteger, comment="the role of the team that it is for"),
    Column("team_json", Text, comment="shared.job.TeamRef as JSON"),
    Column("brief_json", Text, nullable=False, comment="bot.domain's Brief as JSON"),
    Column("priority", String(8), nullable=False, comment="normal or low"),
    Column("pings", Boolean, nullable=False, comment="the requester is pinged at the end"),
    Column("file_pattern", String(100), nullable=False, comment="how exported files are named"),
    Column("state", String(24), nullable=False),
    Column("approver_id", BigInteger),
    Column("approval_note", Text, nullable=False),
    Column("approval_message_id", BigInteger),
    Column("approval_is_drawn", Boolean, nullable=False, comment="the message for approvers shows the decision"),
    Column("created_at", Float(53), nullable=False),
    Column("started_at", Float(53)),
    Column("ended_at", Float(53)),
    Column("due_at", Float(53), comment="when the leading bot next has something to do; NULL: nothing"),
    Column("version", Integer, nullable=False, comment="raised by each change"),
    Column("drawn_version", Integer, nullable=False, comment="the version that its board shows"),
    Column("board_attempt", Integer, nullable=False, default=0, comment="how often it was deleted and sent anew"),
    Column("ping_message_id", BigInteger, comment="tells the requester that all is made; NULL: not sent"),
    Index(None, "due_at"),
    Index(None, "guild_id", "created_at"),
    Index(None, "requester_id"),
    Index(None, "thread_id"),
    Index(None, "idempotency_key", unique=True),
    build_partial_index("ix_batches_approval_undrawn", "created_at", where=IS_APPROVAL_UNDRAWN),
    build_partial_index("ix_batches_undrawn", "id", where=IS_UNDRAWN),
)

batch_items: Final = Table(
    "batch_items",
    metadata,
    Column("batch_id", ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("row_number", Integer, nullable=False, comment="its row in the table that was sent"),
    Column("name", String(100), nullable=False),
    Column("request_json", Text, nullable=False, comment="shared.request.model.Request as JSON"),
    Column("image_sha256", String(64), comment="the picture that it starts from"),
    Column("note", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("job_id", String(25), nullable=False, comment="of its latest attempt"),
    Column("price", BigInteger, nullable=False, comment="of an attempt, in millionths of a dollar"),
    Column("cost", BigInteger, nullable=False, comment="of all attempts, in millionths of a dollar"),
    Column("seed", BigInteger, comment="as returned by the model"),
    Column("problem_json", Text, comment="why it failed"),
    Column("review", String(16), nullable=False),
    Column("reviewer_id", BigInteger, comment="0 after /forget-me"),
    Column("review_note", Text, nullable=False),
    Index(None, "job_id", unique=True),
    Index(None, "state", "batch_id"),
    Index(None, "reviewer_id"),
    build_partial_index("ix_batch_items_pending", "batch_id", "job_id", where=text("state = 'pending'")),
)

batch_images: Final = Table(
    "batch_images",
    metadata,
    Column("batch_id", ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", String(64), primary_key=True, comment="of the picture as it was sent"),
    Column("name", String(100), nullable=False),
    Column("image", LargeBinary, nullable=False),
)

batch_previews: Final = Table(
    "batch_previews",
    metadata,
    Column("batch_id", ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("preview_json", Text, nullable=False, comment="bot.domain's BatchPreview as JSON, without its table"),
    Column("table_data", LargeBinary, comment="the table that was sent with a column of errors; NULL: none is wrong"),
)

batch_results: Final = Table(
    "batch_results",
    metadata,
    Column("job_id", String(25), primary_key=True),
    Column("batch_id", ForeignKey("batches.id", ondelete="CASCADE"), nullable=False),
    Column("image", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the picture"),
    Column("stored_at", Float(53), nullable=False),
    Index(None, "batch_id"),
)

batch_sheets: Final = Table(
    "batch_sheets",
    metadata,
    Column("batch_id", ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="from 1; each shows nine items"),
    Column("message_id", BigInteger, comment="NULL: not sent yet"),
    Column("version", Integer, nullable=False, comment="raised when one of its items changes"),
    Column("drawn_version", Integer, nullable=False, comment="the version that its message shows"),
    Column("attempt", Integer, nullable=False, comment="how often it was deleted and sent anew"),
    build_partial_index("ix_batch_sheets_undrawn", "batch_id", "number", where=IS_UNDRAWN),
)

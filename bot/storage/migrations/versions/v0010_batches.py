"""Teams and batches, with the items, pictures and messages of batches; the team in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0010_batches"
down_revision = "0009_gallery"
branch_labels = None
depends_on = None

UNDRAWN = sa.text("version > drawn_version")
APPROVAL_UNDRAWN = sa.text("approval_is_drawn = false")


def upgrade() -> None:
    """Create the tables, and add the column."""
    op.create_table(
        "teams",
        sa.Column("role_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False, comment="the name of the role when it was last seen"),
        sa.Column("weight", sa.Float(53), nullable=False, comment="turns in the queue for each of a person"),
        sa.Column("approver_role_id", sa.BigInteger(), comment="NULL: those who may manage the server"),
        sa.Column(
            "approval_limit", sa.BigInteger(), comment="millionths of a dollar; NULL: no batch needs an approval"
        ),
        sa.Column("defaults", sa.Text(), nullable=False, comment="option names to values, as JSON"),
        sa.Column("locked", sa.Text(), nullable=False, comment="names of options that nobody can choose, as JSON"),
        sa.Column("priority", sa.String(8), nullable=False, comment="normal or low"),
        sa.Column("created_by", sa.BigInteger(), nullable=False, comment="0 after /forget-me"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("role_id", name="pk_teams"),
    )
    op.create_index("ix_teams_guild_id", "teams", ["guild_id"])
    op.create_table(
        "team_choices",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False, comment="the team that they ask for; 0: themselves"),
        sa.PrimaryKeyConstraint("user_id", "guild_id", name="pk_team_choices"),
    )
    op.create_table(
        "batches",
        sa.Column(
            "id", sa.String(25), nullable=False, comment="the interaction that sent it; its items end in -001 and so on"
        ),
        sa.Column("idempotency_key", sa.String(64), comment="of a batch from the command line"),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("board_message_id", sa.BigInteger()),
        sa.Column("thread_id", sa.BigInteger(), comment="where its sheets are"),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("requester_json", sa.Text(), nullable=False, comment="shared.job.Requester as JSON"),
        sa.Column("spender_json", sa.Text(), nullable=False, comment="bot.domain's Spender as JSON"),
        sa.Column("team_id", sa.BigInteger(), comment="the role of the team that it is for"),
        sa.Column("team_json", sa.Text(), comment="shared.job.TeamRef as JSON"),
        sa.Column("brief_json", sa.Text(), nullable=False, comment="bot.domain's Brief as JSON"),
        sa.Column("priority", sa.String(8), nullable=False, comment="normal or low"),
        sa.Column("pings", sa.Boolean(), nullable=False, comment="the requester is pinged at the end"),
        sa.Column("file_pattern", sa.String(100), nullable=False, comment="how exported files are named"),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("approver_id", sa.BigInteger()),
        sa.Column("approval_note", sa.Text(), nullable=False),
        sa.Column("approval_message_id", sa.BigInteger()),
        sa.Column(
            "approval_is_drawn", sa.Boolean(), nullable=False, comment="the message for approvers shows the decision"
        ),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("started_at", sa.Float(53)),
        sa.Column("ended_at", sa.Float(53)),
        sa.Column("due_at", sa.Float(53), comment="when the leading bot next has something to do; NULL: nothing"),
        sa.Column("version", sa.Integer(), nullable=False, comment="raised by each change"),
        sa.Column("drawn_version", sa.Integer(), nullable=False, comment="the version that its board shows"),
        sa.Column("board_attempt", sa.Integer(), nullable=False, comment="how often it was deleted and sent anew"),
        sa.Column("ping_message_id", sa.BigInteger(), comment="tells the requester that all is made; NULL: not sent"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index(
        "ix_batches_approval_undrawn",
        "batches",
        ["created_at"],
        sqlite_where=APPROVAL_UNDRAWN,
        postgresql_where=APPROVAL_UNDRAWN,
    )
    op.create_index("ix_batches_due_at", "batches", ["due_at"])
    op.create_index("ix_batches_guild_id", "batches", ["guild_id", "created_at"])
    op.create_index("ix_batches_idempotency_key", "batches", ["idempotency_key"], unique=True)
    op.create_index("ix_batches_requester_id", "batches", ["requester_id"])
    op.create_index("ix_batches_thread_id", "batches", ["thread_id"])
    op.create_index("ix_batches_undrawn", "batches", ["id"], sqlite_where=UNDRAWN, postgresql_where=UNDRAWN)
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(25), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False, comment="its row in the table that was sent"),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("request_json", sa.Text(), nullable=False, comment="shared.request.model.Request as JSON"),
        sa.Column("image_sha256", sa.String(64), comment="the picture that it starts from"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(25), nullable=False, comment="of its latest attempt"),
        sa.Column("price", sa.BigInteger(), nullable=False, comment="of an attempt, in millionths of a dollar"),
        sa.Column("cost", sa.BigInteger(), nullable=False, comment="of all attempts, in millionths of a dollar"),
        sa.Column("seed", sa.BigInteger(), comment="as returned by the model"),
        sa.Column("problem_json", sa.Text(), comment="why it failed"),
        sa.Column("review", sa.String(16), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger(), comment="0 after /forget-me"),
        sa.Column("review_note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name="fk_batch_items_batch_id_batches", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_items"),
    )
    op.create_index("ix_batch_items_job_id", "batch_items", ["job_id"], unique=True)
    op.create_index("ix_batch_items_reviewer_id", "batch_items", ["reviewer_id"])
    op.create_index("ix_batch_items_state", "batch_items", ["state", "batch_id"])
    op.create_table(
        "batch_images",
        sa.Column("batch_id", sa.String(25), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the picture as it was sent"),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name="fk_batch_images_batch_id_batches", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "sha256", name="pk_batch_images"),
    )
    op.create_table(
        "batch_previews",
        sa.Column("batch_id", sa.String(25), nullable=False),
        sa.Column(
            "preview_json", sa.Text(), nullable=False, comment="bot.domain's BatchPreview as JSON, without its table"
        ),
        sa.Column(
            "table_data",
            sa.LargeBinary(),
            comment="the table that was sent with a column of errors; NULL: none is wrong",
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name="fk_batch_previews_batch_id_batches", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batch_previews"),
    )
    op.create_table(
        "batch_results",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("batch_id", sa.String(25), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the picture"),
        sa.Column("stored_at", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name="fk_batch_results_batch_id_batches", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_batch_results"),
    )
    op.create_index("ix_batch_results_batch_id", "batch_results", ["batch_id"])
    op.create_table(
        "batch_sheets",
        sa.Column("batch_id", sa.String(25), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="from 1; each shows nine items"),
        sa.Column("message_id", sa.BigInteger(), comment="NULL: not sent yet"),
        sa.Column("version", sa.Integer(), nullable=False, comment="raised when one of its items changes"),
        sa.Column("drawn_version", sa.Integer(), nullable=False, comment="the version that its message shows"),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="how often it was deleted and sent anew"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name="fk_batch_sheets_batch_id_batches", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_sheets"),
    )
    op.create_index(
        "ix_batch_sheets_undrawn",
        "batch_sheets",
        ["batch_id", "number"],
        sqlite_where=UNDRAWN,
        postgresql_where=UNDRAWN,
    )
    op.add_column(
        "ledger_entries",
        sa.Column("team_id", sa.BigInteger(), comment="the role of the team that the job is for"),
    )

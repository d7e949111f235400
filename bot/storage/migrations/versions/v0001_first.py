"""Jobs, their attempts and their outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(25), nullable=False, comment="the interaction that asked"),
        sa.Column("parent_id", sa.String(25), comment="the job whose picture this one starts from"),
        sa.Column("job", sa.Text(), nullable=False, comment="shared.job.Job as JSON"),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False, comment="the status message"),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("refusal", sa.String(64), comment="the code of the first problem of a refused job"),
        sa.Column("source_url", sa.Text(), comment="signed; gone when the job ends"),
        sa.Column("source_size", sa.BigInteger()),
        sa.Column("source_expires_at", sa.Float(53)),
        sa.Column("source_sha256", sa.String(64)),
        sa.Column("accepted_at", sa.Float(53), nullable=False),
        sa.Column("finished_at", sa.Float(53)),
        sa.Column("delivered_at", sa.Float(53)),
        sa.Column("answer_channel_id", sa.BigInteger()),
        sa.Column("answer_message_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name="fk_jobs_parent_id_jobs"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "accepted_at"])
    op.create_index("ix_jobs_requester_id", "jobs", ["requester_id", "accepted_at"])
    op.create_index("ix_jobs_guild_id", "jobs", ["guild_id", "accepted_at"])
    op.create_table(
        "attempts",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("queueing", sa.Integer(), autoincrement=False, nullable=False, comment="1; 2 for the repeat"),
        sa.Column("queued_at", sa.Float(53)),
        sa.Column("claims", sa.Integer(), nullable=False, comment="leases taken, of both lanes"),
        sa.Column("calls", sa.Integer(), nullable=False, comment="leases in which a call of the model was begun"),
        sa.Column(
            "doubts", sa.Integer(), nullable=False, comment="calls whose fate nobody knows, and that were repeated"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_attempts_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "queueing", name="pk_attempts"),
    )
    op.create_table(
        "outcomes",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column(
            "kind", sa.String(16), nullable=False, comment="generated, filtered, failed, or unknown: told, but lost"
        ),
        sa.Column("seed", sa.BigInteger(), comment="as the model's answer says"),
        sa.Column("side", sa.String(16), comment="what a filter withheld"),
        sa.Column("problem", sa.String(64), comment="the code of what went wrong"),
        sa.Column("seconds", sa.Float(53), comment="the model's own time"),
        sa.Column("cost_usd", sa.Float(53), comment="the catalogue's price then; nothing where it is unknown"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_outcomes_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="pk_outcomes"),
    )

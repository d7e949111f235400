"""The hashes of results, by which a picture is recognised."""

import sqlalchemy as sa
from alembic import op

revision = "0011_result_hashes"
down_revision = "0010_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "result_hashes",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of a file that was posted"),
        sa.Column("kind", sa.String(16), nullable=False, comment="bot.domain's FileKind"),
        sa.Column("credentials", sa.String(16), comment="shared.outcome's Credentials; NULL: none"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_result_hashes_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "sha256", name="pk_result_hashes"),
    )
    op.create_index("ix_result_hashes_sha256", "result_hashes", ["sha256"])

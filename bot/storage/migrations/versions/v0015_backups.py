"""When the last backup was made, and whether the database was restored."""

import sqlalchemy as sa
from alembic import op

revision = "0015_backups"
down_revision = "0014_million_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "backups",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one row"),
        sa.Column("made_at", sa.Float(53), nullable=False, comment="when the last backup was made"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "restored_at",
            sa.Float(53),
            comment="when this was restored; NULL once the queue was compared with Discord",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_backups"),
    )

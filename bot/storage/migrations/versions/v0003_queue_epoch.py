"""The epoch of the queue, which a Redis that was restored, emptied or replaced does not have."""

import sqlalchemy as sa
from alembic import op

revision = "0003_queue_epoch"
down_revision = "0002_stored_format"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "queue_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one row"),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="how often the queue was compared after Redis started"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_queue_epoch"),
    )

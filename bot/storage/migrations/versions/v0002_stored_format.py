"""The format of what is stored; the bot writes its own at each start."""

import sqlalchemy as sa
from alembic import op

revision = "0002_stored_format"
down_revision = "0001_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "stored_format",
        sa.Column("format", sa.String(16), nullable=False, comment="as in shared.stored_format"),
        sa.PrimaryKeyConstraint("format", name="pk_stored_format"),
    )

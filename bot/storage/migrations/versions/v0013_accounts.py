"""The AWS accounts of the calls in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0013_accounts"
down_revision = "0012_style_sets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "ledger_entries",
        sa.Column(
            "accounts",
            sa.Text(),
            comment="of a settlement: the AWS account of its calls, or one for each call if they differ, with spaces; "
            "NULL for that of the credentials",
        ),
    )

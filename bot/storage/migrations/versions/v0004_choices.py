"""More choices of people and servers. All may be missing in a row, as the release before writes none of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004_choices"
down_revision = "0003_queue_epoch"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("user_preferences") as table:
        table.add_column(sa.Column("ping", sa.String(16), comment="when a result pings; NULL: see pings"))
        table.add_column(sa.Column("reuse_policy", sa.String(16), comment="who may build on their results"))
    with op.batch_alter_table("guild_settings") as table:
        table.add_column(sa.Column("result_place", sa.String(16), comment="where results appear"))
        table.add_column(sa.Column("language", sa.String(8), comment="NULL: the language of the requester"))
        table.add_column(sa.Column("ask_price", sa.Boolean(), comment="several pictures show the price first"))

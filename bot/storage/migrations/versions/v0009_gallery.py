"""Galleries and their posts, who stays out of them, and whose picture a job goes on from."""

import sqlalchemy as sa
from alembic import op

revision = "0009_gallery"
down_revision = "0008_rounds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and create the tables."""
    with op.batch_alter_table("user_preferences") as table:
        table.add_column(
            sa.Column("in_galleries", sa.Boolean(), comment="others may show their results in galleries; NULL: yes")
        )
    with op.batch_alter_table("jobs") as table:
        table.add_column(
            sa.Column("source_owner_id", sa.BigInteger(), comment="whose picture it starts from, if somebody else's")
        )
    op.create_index("ix_jobs_source_owner_id", "jobs", ["source_owner_id"])
    op.create_index("ix_favourites_created_at", "favourites", ["created_at"])
    op.create_table(
        "gallery_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), comment="text channel or forum; NULL: there is no gallery"),
        sa.Column("min_favourites", sa.Integer(), comment="how many people's favourites put a result in; NULL: none"),
        sa.Column("count_own_marks", sa.Boolean(), nullable=False, comment="the author's own favourite counts"),
        sa.Column("ignored_channel_ids", sa.Text(), comment="whose favourites put nothing in, as JSON; NULL: none"),
        sa.PrimaryKeyConstraint("guild_id", name="pk_gallery_settings"),
    )
    op.create_table(
        "gallery_posts",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False, comment="as in bot.domain.gallery"),
        sa.Column("state", sa.String(16), nullable=False, comment="waiting, posted, removing or removed"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("due_at", sa.Float(53), comment="when the leading bot looks at it next; NULL: never"),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="raised by each change that the message has to show"
        ),
        sa.Column("failures", sa.Integer(), nullable=False, comment="attempts that failed in a row"),
        sa.Column("attempted_at", sa.Float(53), comment="when the last attempt to post it began"),
        sa.Column("channel_id", sa.BigInteger(), comment="where it was tried or posted; in a forum, the forum"),
        sa.Column("message_id", sa.BigInteger(), comment="in a forum, its post has the same id"),
        sa.Column("removed_by", sa.String(16), comment="author, moderator, or deletion of the result"),
        sa.PrimaryKeyConstraint("job_id", name="pk_gallery_posts"),
    )
    op.create_index("ix_gallery_posts_due_at", "gallery_posts", ["due_at"])
    op.create_index("ix_gallery_posts_guild_id", "gallery_posts", ["guild_id", "state"])

"""Style sets of people and guilds, and their pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0012_style_sets"
down_revision = "0011_result_hashes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "style_sets",
        sa.Column("id", sa.String(16), nullable=False, comment="random"),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="who made it"),
        sa.Column("guild_id", sa.BigInteger(), nullable=False, comment="the guild that owns it; 0 for a person's own"),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("folded_name", sa.String(64), nullable=False, comment="the name case-folded, unique per owner"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_style_sets"),
    )
    op.create_index("ix_style_sets_guild_id", "style_sets", ["guild_id", "user_id"])
    for name, column, condition in (
        ("uq_style_sets_guild", "guild_id", "guild_id <> 0"),
        ("uq_style_sets_personal", "user_id", "guild_id = 0"),
    ):
        op.create_index(
            name,
            "style_sets",
            [column, "folded_name"],
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "style_pictures",
        sa.Column("style_set_id", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="from 1, without gaps"),
        sa.Column(
            "picture",
            sa.LargeBinary(),
            nullable=False,
            comment="JPEG of at most 1536 pixels on the longer side",
        ),
        sa.ForeignKeyConstraint(
            ["style_set_id"], ["style_sets.id"], name="fk_style_pictures_style_set_id_style_sets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("style_set_id", "number", name="pk_style_pictures"),
    )

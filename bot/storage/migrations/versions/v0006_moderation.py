"""Blocked members, and the audit log of actions on a guild's members and settings."""

import sqlalchemy as sa
from alembic import op

revision = "0006_moderation"
down_revision = "0005_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("ends_at", sa.Float(53), comment="NULL: it does not end by itself"),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_blocks"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False, comment="who did it; 0 after /forget-me"),
        sa.Column("action", sa.String(32), nullable=False, comment="as in bot.domain.audit"),
        sa.Column("target_id", sa.BigInteger(), comment="the user, role, channel or job it was done to"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_guild_id", "audit_entries", ["guild_id", "id"])

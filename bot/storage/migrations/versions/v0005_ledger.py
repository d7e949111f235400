"""The ledger, the budgets of guilds, and counters of what was used of each."""

import sqlalchemy as sa
from alembic import op

revision = "0005_ledger"
down_revision = "0004_choices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.String(25), comment="NULL for an adjustment"),
        sa.Column("kind", sa.String(16), nullable=False, comment="reservation, settlement, release or adjustment"),
        sa.Column(
            "reserved",
            sa.BigInteger(),
            nullable=False,
            comment="change of what is set aside, in millionths of a dollar",
        ),
        sa.Column(
            "spent", sa.BigInteger(), nullable=False, comment="change of what was spent, in millionths of a dollar"
        ),
        sa.Column("calls", sa.Integer(), nullable=False, comment="calls that are billed, or may be"),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False, comment="that of a thread is its parent"),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="0 after /forget-me"),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column(
            "counted_at",
            sa.Float(53),
            nullable=False,
            comment="the time that decides on the period: of the reservation",
        ),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column(
            "counters", sa.Text(), comment="of a reservation: the keys of its budget_counters to their units, as JSON"
        ),
        sa.Column("reason", sa.Text(), comment="of an adjustment"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_job_id", "ledger_entries", ["job_id", "kind"], unique=True)
    op.create_index("ix_ledger_entries_guild_id", "ledger_entries", ["guild_id", "kind", "counted_at"])
    op.create_index("ix_ledger_entries_user_id", "ledger_entries", ["user_id", "counted_at"])
    op.create_index("ix_ledger_entries_counted_at", "ledger_entries", ["counted_at"])
    op.create_table(
        "budgets",
        sa.Column("id", sa.String(16), nullable=False, comment="random, as the keys of counters contain it"),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False, comment="guild, channel, role or member"),
        sa.Column("target_id", sa.BigInteger(), nullable=False, comment="the guild, channel, role or user"),
        sa.Column("period", sa.String(8), nullable=False, comment="day, week or month"),
        sa.Column("unit", sa.String(8), nullable=False, comment="usd or pictures"),
        sa.Column("limit", sa.BigInteger(), nullable=False, comment="millionths of a dollar, or pictures"),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_budgets"),
    )
    op.create_index("ix_budgets_guild_id", "budgets", ["guild_id", "target_id", "scope", "period", "unit"], unique=True)
    op.create_table(
        "budget_counters",
        sa.Column(
            "key", sa.String(64), nullable=False, comment="budget, member if of a role, and first day of the period"
        ),
        sa.Column("used", sa.BigInteger(), nullable=False, comment="spent and reserved, in the unit of the budget"),
        sa.PrimaryKeyConstraint("key", name="pk_budget_counters"),
    )
    with op.batch_alter_table("guild_settings") as table:
        table.add_column(
            sa.Column(
                "time_zone", sa.String(64), comment="IANA name of the zone in which budgets' days begin; NULL: UTC"
            )
        )

"""What a guild's managers decide, its word rules, reports of results, and notices that wait to be posted."""

import sqlalchemy as sa
from alembic import op

revision = "0007_server_rules"
down_revision = "0006_moderation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and create the tables."""
    with op.batch_alter_table("guild_settings") as table:
        table.add_column(sa.Column("queue_state", sa.String(16), comment="open, paused or draining; NULL: open"))
        table.add_column(
            sa.Column("allowed_channel_ids", sa.Text(), comment="where the bot may be used, as JSON; NULL: everywhere")
        )
        table.add_column(
            sa.Column("allowed_role_ids", sa.Text(), comment="whose members may use it, as JSON; NULL: everyone")
        )
        table.add_column(sa.Column("models", sa.Text(), comment="the models on offer, as JSON; NULL: all"))
        table.add_column(sa.Column("tasks", sa.Text(), comment="the tasks on offer, as JSON; NULL: all"))
        table.add_column(
            sa.Column(
                "max_price",
                sa.BigInteger(),
                comment="of a request of a member who is no moderator, in millionths of a dollar; NULL: no limit",
            )
        )
        table.add_column(
            sa.Column("allow_private", sa.Boolean(), comment="results may be sent as direct messages; NULL: yes")
        )
        table.add_column(
            sa.Column("word_policy", sa.String(16), comment="where prompts with a listed word are refused")
        )
        table.add_column(sa.Column("default_preset", sa.String(12), comment="code of the preset"))
        table.add_column(sa.Column("log_channel_id", sa.BigInteger(), comment="where reports are posted"))
        table.add_column(sa.Column("notice_channel_id", sa.BigInteger(), comment="where budget notices are posted"))
        table.add_column(
            sa.Column("mirror_audit", sa.Boolean(), comment="lines of the audit log are posted to the log channel")
        )
        table.add_column(
            sa.Column("retention_days", sa.Integer(), comment="how long images are stored; NULL: IMAGE_RETENTION_DAYS")
        )
    with op.batch_alter_table("audit_entries") as table:
        table.add_column(sa.Column("setting", sa.String(32), comment="the setting that was changed"))
        table.add_column(sa.Column("old_value", sa.Text(), comment="of the setting, as JSON"))
        table.add_column(sa.Column("new_value", sa.Text(), comment="of the setting, as JSON"))
    op.create_table(
        "word_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("pattern", sa.String(100), nullable=False, comment="as it was typed; * stands for any letters"),
        sa.Column("folded_pattern", sa.String(400), nullable=False, comment="as prompts are compared with it"),
        sa.Column("created_by", sa.BigInteger(), nullable=False, comment="0 after /forget-me"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_word_rules"),
    )
    op.create_index("ix_word_rules_guild_id", "word_rules", ["guild_id", "folded_pattern"], unique=True)
    op.create_table(
        "reports",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False, comment="result, or filter for a false alarm"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("closed_by", sa.BigInteger(), comment="the moderator who acted on it"),
        sa.Column("closed_at", sa.Float(53)),
        sa.PrimaryKeyConstraint("job_id", "reporter_id", name="pk_reports"),
    )
    op.create_index("ix_reports_guild_id", "reports", ["guild_id", "created_at"])
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unique_key", sa.String(100), nullable=False, comment="the same event never makes two notices"),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False, comment="as in bot.domain.notices"),
        sa.Column("data", sa.Text(), nullable=False, comment="the facts that it tells, as JSON"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("closed_at", sa.Float(53), comment="when it was posted, or given up; NULL: it waits"),
        sa.Column("message_id", sa.BigInteger(), comment="NULL if it could not be posted"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_unique_key", "notices", ["unique_key"], unique=True)
    op.create_index("ix_notices_closed_at", "notices", ["closed_at", "id"])

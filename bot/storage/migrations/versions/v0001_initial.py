"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(25), nullable=False, comment="the interaction that submitted it"),
        sa.Column("parent_id", sa.String(25), comment="the job whose result this one starts from"),
        sa.Column("job_json", sa.Text(), nullable=False, comment="shared.job.Job as JSON"),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("status_message_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("rejection_code", sa.String(64), comment="code of the first problem of a rejected job"),
        sa.Column("source_url", sa.Text(), comment="signed; deleted when the job ends"),
        sa.Column("source_size_bytes", sa.BigInteger()),
        sa.Column("source_expires_at", sa.Float(53)),
        sa.Column("source_sha256", sa.String(64)),
        sa.Column("accepted_at", sa.Float(53), nullable=False),
        sa.Column("finished_at", sa.Float(53)),
        sa.Column("delivered_at", sa.Float(53)),
        sa.Column("outcome_channel_id", sa.BigInteger()),
        sa.Column("outcome_message_id", sa.BigInteger()),
        sa.Column("search_text", sa.Text(), comment="the prompts, case-folded"),
        sa.Column("deleted_at", sa.Float(53), comment="when a person deleted the result"),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name="fk_jobs_parent_id_jobs"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_guild_id", "jobs", ["guild_id", "accepted_at"])
    op.create_index("ix_jobs_outcome_channel_id", "jobs", ["outcome_channel_id", "finished_at"])
    op.create_index("ix_jobs_parent_id", "jobs", ["parent_id"])
    op.create_index("ix_jobs_requester_id", "jobs", ["requester_id", "accepted_at"])
    op.create_index("ix_jobs_source_sha256", "jobs", ["source_sha256"])
    op.create_index("ix_jobs_state", "jobs", ["state", "accepted_at"])
    op.create_table(
        "queue_entries",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column(
            "entry_number",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="1, or 2 after the queue lost the job",
        ),
        sa.Column("queued_at", sa.Float(53)),
        sa.Column("claims", sa.Integer(), nullable=False, comment="claims, in both stages"),
        sa.Column("calls", sa.Integer(), nullable=False, comment="claims in which a call was started"),
        sa.Column("unknown_calls", sa.Integer(), nullable=False, comment="calls of unknown fate"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_queue_entries_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "entry_number", name="pk_queue_entries"),
    )
    op.create_table(
        "outcomes",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column(
            "kind",
            sa.String(16),
            nullable=False,
            comment="generated, filtered, failed, or unknown (delivered, then lost)",
        ),
        sa.Column("seed", sa.BigInteger(), comment="as returned by the model"),
        sa.Column("filtered_part", sa.String(16), comment="shared.outcome's FilteredPart"),
        sa.Column("problem_code", sa.String(64), comment="why it failed"),
        sa.Column("duration_seconds", sa.Float(53), comment="time the call took"),
        sa.Column("cost_usd", sa.Float(53), comment="at the catalogue's price of the time; NULL if unknown"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_outcomes_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="pk_outcomes"),
    )
    op.create_table(
        "source_images",
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the upload"),
        sa.Column("image", sa.LargeBinary(), nullable=False, comment="as prepared for the model"),
        sa.Column("last_used_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_source_images"),
    )
    op.create_index("ix_source_images_last_used_at", "source_images", ["last_used_at"])
    op.create_table(
        "thumbnails",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_thumbnails_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="pk_thumbnails"),
    )
    op.create_table(
        "undelivered_images",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_undelivered_images_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="pk_undelivered_images"),
    )
    op.create_index("ix_undelivered_images_stored_at", "undelivered_images", ["stored_at"])
    op.create_table(
        "favourites",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_favourites_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "job_id", name="pk_favourites"),
    )
    op.create_index("ix_favourites_job_id", "favourites", ["job_id"])
    op.create_table(
        "explorations",
        sa.Column(
            "id",
            sa.String(25),
            nullable=False,
            comment="the interaction that started it; its variants end in -01, -02 and so on",
        ),
        sa.Column("exploration_json", sa.Text(), nullable=False, comment="bot.domain's Exploration as JSON"),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False, comment="the contact sheet"),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("ended_at", sa.Float(53), comment="when its last variant ended"),
        sa.PrimaryKeyConstraint("id", name="pk_explorations"),
    )
    op.create_index("ix_explorations_ended_at", "explorations", ["ended_at"])
    op.create_index("ix_explorations_requester_id", "explorations", ["requester_id"])
    op.create_table(
        "user_preferences",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(8), comment="NULL: the language of their Discord client"),
        sa.Column("pings", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False, comment="results are sent as direct messages"),
        sa.Column("options", sa.Text(), nullable=False, comment="defaults of /imagine's options, as JSON"),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_preferences"),
    )
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("button_policy", sa.String(16), nullable=False, comment="who may use the buttons under a result"),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guild_settings"),
    )
    op.create_table(
        "presets",
        sa.Column("code", sa.String(12), nullable=False, comment="shared to give others a copy"),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="who saved it"),
        sa.Column(
            "guild_id", sa.BigInteger(), nullable=False, comment="the guild that owns it; 0 for a personal preset"
        ),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("folded_name", sa.String(64), nullable=False, comment="the name case-folded, unique per owner"),
        sa.Column("options", sa.Text(), nullable=False, comment="option names to values, as JSON"),
        sa.Column("saved_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_presets"),
    )
    op.create_index("ix_presets_guild_id", "presets", ["guild_id", "user_id"])
    op.create_index(
        "uq_presets_guild",
        "presets",
        ["guild_id", "folded_name"],
        unique=True,
        sqlite_where=sa.text("guild_id <> 0"),
        postgresql_where=sa.text("guild_id <> 0"),
    )
    op.create_index(
        "uq_presets_personal",
        "presets",
        ["user_id", "folded_name"],
        unique=True,
        sqlite_where=sa.text("guild_id = 0"),
        postgresql_where=sa.text("guild_id = 0"),
    )

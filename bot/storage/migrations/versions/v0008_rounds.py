"""Contests: their state, entries, ballots, participants, reminders and messages."""

import sqlalchemy as sa
from alembic import op

revision = "0008_rounds"
down_revision = "0007_server_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "contests",
        sa.Column("id", sa.String(25), nullable=False, comment="the interaction that started it"),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="where it takes place"),
        sa.Column("host_id", sa.BigInteger(), nullable=False, comment="0 after /forget-me"),
        sa.Column("locale", sa.String(8), nullable=False, comment="the language of its messages"),
        sa.Column("settings", sa.Text(), nullable=False, comment="bot.domain's ContestSettings as JSON"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("round_started_at", sa.Float(53), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.Float(53), comment="when the phase ends"),
        sa.Column("due_at", sa.Float(53), comment="when the leading bot next has something to do; NULL: nothing"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by each change",
        ),
        sa.Column("source_job_id", sa.String(25), comment="the entry or result that the round starts from"),
        sa.Column("source_sha256", sa.String(64), comment="the upload that the round starts from"),
        sa.Column("turn_number", sa.Integer(), nullable=False),
        sa.Column("turn_user_id", sa.BigInteger(), comment="the participant whose turn it is"),
        sa.Column("is_reminded", sa.Boolean(), nullable=False),
        sa.Column("end_reason", sa.String(16)),
        sa.Column("last_sequence", sa.Integer(), nullable=False, comment="that of its newest message"),
        sa.PrimaryKeyConstraint("id", name="pk_contests"),
    )
    op.create_index("ix_contests_due_at", "contests", ["due_at"])
    op.create_index("ix_contests_guild_id", "contests", ["guild_id", "created_at"])
    op.create_index("ix_contests_thread_id", "contests", ["thread_id"])
    op.create_table(
        "round_entries",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("contest_id", sa.String(25), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False, comment="0 after /forget-me"),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False, comment="in millionths of a dollar"),
        sa.Column("replaced_job_id", sa.String(25), comment="the entry whose place it takes when its picture is there"),
        sa.Column("number", sa.Integer(), comment="as everybody reads it; NULL before it is shown"),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("ballots", sa.Integer(), nullable=False, comment="how many ballots named it"),
        sa.Column("is_winner", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was disqualified"),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name="fk_round_entries_contest_id_contests", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_round_entries"),
    )
    op.create_index("ix_round_entries_contest_id", "round_entries", ["contest_id", "round_number"])
    op.create_index("ix_round_entries_author_id", "round_entries", ["author_id"])
    op.create_table(
        "round_ballots",
        sa.Column("contest_id", sa.String(25), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choices", sa.Text(), nullable=False, comment="numbers of entries, best first, as JSON"),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name="fk_round_ballots_contest_id_contests", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contest_id", "user_id", name="pk_round_ballots"),
    )
    op.create_index("ix_round_ballots_user_id", "round_ballots", ["user_id"])
    op.create_table(
        "round_participants",
        sa.Column("contest_id", sa.String(25), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="the order of turns"),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name="fk_round_participants_contest_id_contests", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contest_id", "user_id", name="pk_round_participants"),
    )
    op.create_index("ix_round_participants_user_id", "round_participants", ["user_id"])
    op.create_table(
        "round_reminders",
        sa.Column("contest_id", sa.String(25), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name="fk_round_reminders_contest_id_contests", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contest_id", "user_id", name="pk_round_reminders"),
    )
    op.create_index("ix_round_reminders_user_id", "round_reminders", ["user_id"])
    op.create_table(
        "round_messages",
        sa.Column("contest_id", sa.String(25), nullable=False),
        sa.Column(
            "sequence", sa.Integer(), autoincrement=False, nullable=False, comment="the order in which they are sent"
        ),
        sa.Column("kind", sa.String(16), nullable=False, comment="as in bot.domain.rounds"),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), comment="the participant whose turn it is"),
        sa.Column("job_id", sa.String(25), comment="the entry to show"),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="how often it was deleted and sent anew"),
        sa.Column("message_id", sa.BigInteger(), comment="NULL if it was not sent, or could not be"),
        sa.Column("closed_at", sa.Float(53), comment="when it was sent, or given up; NULL: it waits"),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contests.id"], name="fk_round_messages_contest_id_contests", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contest_id", "sequence", name="pk_round_messages"),
    )
    op.create_index("ix_round_messages_closed_at", "round_messages", ["closed_at", "contest_id", "sequence"])

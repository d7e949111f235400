"""Favourites counted by picture, and the deletions of people's data that go on after a restart.

Triggers count whatever any release writes.
"""

import logging
import time

import sqlalchemy as sa
from alembic import op

revision = "0016_favourite_counts"
down_revision = "0015_backups"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

_ADD_COUNT = """INSERT INTO favourite_counts (job_id, guild_id, channel_id, accepted_at, marks, other_marks)
    SELECT id, guild_id, channel_id, accepted_at, 1, CASE WHEN requester_id = NEW.user_id THEN 0 ELSE 1 END
        FROM jobs WHERE id = NEW.job_id
    ON CONFLICT (job_id) DO UPDATE
        SET marks = favourite_counts.marks + 1, other_marks = favourite_counts.other_marks + excluded.other_marks;"""
_REMOVE_COUNT = """UPDATE favourite_counts
        SET marks = marks - 1, other_marks = other_marks - CASE WHEN OLD.is_own THEN 0 ELSE 1 END
        WHERE job_id = OLD.job_id;
    DELETE FROM favourite_counts WHERE job_id = OLD.job_id AND marks <= 0;"""
_FILL = (
    """UPDATE favourites SET (guild_id, is_own) =
        (SELECT guild_id, requester_id = favourites.user_id FROM jobs WHERE id = favourites.job_id)""",
    """INSERT INTO favourite_counts (job_id, guild_id, channel_id, accepted_at, marks, other_marks)
        SELECT jobs.id, jobs.guild_id, jobs.channel_id, jobs.accepted_at, count(*),
            sum(CASE WHEN favourites.is_own THEN 0 ELSE 1 END)
        FROM favourites JOIN jobs ON jobs.id = favourites.job_id GROUP BY jobs.id""",
)
_SQLITE = (
    f"""CREATE TRIGGER favourites_counted_insert AFTER INSERT ON favourites BEGIN
        UPDATE favourites SET (guild_id, is_own) =
            (SELECT guild_id, requester_id = NEW.user_id FROM jobs WHERE id = NEW.job_id)
            WHERE user_id = NEW.user_id AND job_id = NEW.job_id;
        {_ADD_COUNT}
    END""",  # noqa: S608 - constants
    f"CREATE TRIGGER favourites_counted_delete AFTER DELETE ON favourites BEGIN {_REMOVE_COUNT} END",
)
_POSTGRESQL = (
    """CREATE FUNCTION complete_favourite() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT guild_id, requester_id = NEW.user_id INTO NEW.guild_id, NEW.is_own FROM jobs WHERE id = NEW.job_id;
            RETURN NEW;
        END $$""",
    f"""CREATE FUNCTION count_favourite() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                {_ADD_COUNT}
            ELSE
                {_REMOVE_COUNT}
            END IF;
            RETURN NULL;
        END $$""",
    """CREATE TRIGGER favourites_completed BEFORE INSERT ON favourites
        FOR EACH ROW EXECUTE FUNCTION complete_favourite()""",
    """CREATE TRIGGER favourites_counted AFTER INSERT OR DELETE ON favourites
        FOR EACH ROW EXECUTE FUNCTION count_favourite()""",
)


def upgrade() -> None:
    """Count all favourites. A million take about a minute, in which a release that runs cannot write."""
    connection = op.get_bind()
    op.add_column(
        "favourites",
        sa.Column("guild_id", sa.BigInteger(), comment="that of the job; a trigger sets it for every release"),
    )
    op.add_column(
        "favourites", sa.Column("is_own", sa.Boolean(), comment="the author's own mark; set by the same trigger")
    )
    op.create_table(
        "favourite_counts",
        sa.Column(
            "job_id",
            sa.String(25),
            sa.ForeignKey("jobs.id", ondelete="CASCADE", name="fk_favourite_counts_job_id_jobs"),
            nullable=False,
        ),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False, comment="where it was submitted"),
        sa.Column("accepted_at", sa.Float(53), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False, comment="how many people marked it"),
        sa.Column("other_marks", sa.Integer(), nullable=False, comment="those of others than its author"),
        sa.PrimaryKeyConstraint("job_id", name="pk_favourite_counts"),
    )
    op.create_table(
        "data_deletions",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False, comment="where it was confirmed; 0 in a direct message"),
        sa.Column("locale", sa.String(8), nullable=False, comment="the person's language, in which they learn its end"),
        sa.Column("requested_at", sa.Float(53), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False, comment="numbers of deleted rows by kind, as JSON"),
        sa.Column("finished_at", sa.Float(53), comment="when all was deleted; the row goes once the person knows it"),
        sa.PrimaryKeyConstraint("user_id", name="pk_data_deletions"),
    )
    count = connection.execute(sa.text("SELECT count(*) FROM favourites")).scalar_one()
    log.info("counting %d favourites; a million take about a minute", count)
    started = time.monotonic()
    for statement in (*_FILL, *(_POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE)):
        connection.exec_driver_sql(statement)
    op.create_index("ix_favourites_guild_id", "favourites", ["guild_id", "created_at", "is_own", "job_id"])
    for marks in ("marks", "other_marks"):
        columns = ["guild_id", marks, "accepted_at", "job_id", "channel_id"]
        op.create_index(f"ix_favourite_counts_{marks}", "favourite_counts", columns)
    log.info("counted %d favourites in %.0f s", count, time.monotonic() - started)

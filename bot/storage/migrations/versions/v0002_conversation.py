"""What a conversation needs: pictures to start from again, words to search, and what people and guilds chose."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from shared.job import Job
from shared.prompts import build_search_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BATCH: Final = 1000


def upgrade() -> None:
    """Add the columns and tables, and the words of the jobs that are there."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("words", sa.Text(), comment="the prompt, folded, for searching"))
        jobs.add_column(sa.Column("deleted_at", sa.Float(53), comment="when a person deleted the answer"))
        jobs.create_index("ix_jobs_answer_channel_id", ["answer_channel_id", "finished_at"])
        jobs.create_index("ix_jobs_parent_id", ["parent_id"])
        jobs.create_index("ix_jobs_source_sha256", ["source_sha256"])
    _fill_words()
    op.create_table(
        "sources",
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the upload"),
        sa.Column("picture", sa.LargeBinary(), nullable=False, comment="as the model got it"),
        sa.Column("kept_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_sources"),
    )
    op.create_index("ix_sources_kept_at", "sources", ["kept_at"])
    op.create_table(
        "thumbnails",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_thumbnails_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="pk_thumbnails"),
    )
    op.create_table(
        "results",
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_results_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name="pk_results"),
    )
    op.create_index("ix_results_kept_at", "results", ["kept_at"])
    op.create_table(
        "favourites",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(25), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_favourites_job_id_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "job_id", name="pk_favourites"),
    )
    op.create_index("ix_favourites_job_id", "favourites", ["job_id"])
    op.create_table(
        "grids",
        sa.Column(
            "id", sa.String(25), nullable=False, comment="the interaction that asked; its cells are -01 and so on"
        ),
        sa.Column("grid", sa.Text(), nullable=False, comment="what it is made of, as JSON"),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False, comment="the contact sheet"),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("ended_at", sa.Float(53), comment="when its last cell had come to its end"),
        sa.PrimaryKeyConstraint("id", name="pk_grids"),
    )
    op.create_index("ix_grids_requester_id", "grids", ["requester_id"])
    op.create_index("ix_grids_ended_at", "grids", ["ended_at"])
    op.create_table(
        "people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(8), comment="nothing: that of their Discord"),
        sa.Column("pings", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False, comment="results go to direct messages"),
        sa.Column(
            "options", sa.Text(), nullable=False, comment="what /imagine takes where an option is left out, as JSON"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_people"),
    )
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pressing", sa.String(16), nullable=False, comment="who may press the buttons under a result"),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guilds"),
    )
    op.create_table(
        "presets",
        sa.Column("code", sa.String(12), nullable=False, comment="what it is shared by"),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="who saved it"),
        sa.Column(
            "guild_id", sa.BigInteger(), nullable=False, comment="whose it is; 0: the person's own, in every guild"
        ),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("folded", sa.String(64), nullable=False, comment="the name, for comparing"),
        sa.Column("options", sa.Text(), nullable=False, comment="by the names of the options, as JSON"),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_presets"),
    )
    op.create_index("ix_presets_guild_id", "presets", ["guild_id", "user_id"])
    for name, whose, which in (
        ("uq_presets_own", "user_id", sa.text("guild_id = 0")),
        ("uq_presets_of_guild", "guild_id", sa.text("guild_id <> 0")),
    ):
        op.create_index(name, "presets", [whose, "folded"], unique=True, sqlite_where=which, postgresql_where=which)


def _fill_words() -> None:
    connection = op.get_bind()
    jobs = sa.table("jobs", sa.column("id", sa.String), sa.column("job", sa.Text), sa.column("words", sa.Text))
    part = sa.select(jobs.c.id, jobs.c.job).where(jobs.c.id > sa.bindparam("after")).order_by(jobs.c.id).limit(BATCH)
    fill = sa.update(jobs).where(jobs.c.id == sa.bindparam("which"))
    after = ""
    while rows := connection.execute(part, {"after": after}).all():
        after = rows[-1].id
        words = list(_words(rows))
        if words:
            connection.execute(fill, words)


def _words(rows: Sequence[Any]) -> Iterator[dict[str, str]]:
    for row in rows:
        try:
            prompts = Job.model_validate_json(row.job).request.text_prompts
        except ValueError:  # of a release that wrote it otherwise: it is not found by its words
            continue
        yield {"which": row.id, "words": build_search_text(prompts)}

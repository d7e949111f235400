"""An index of the words of prompts, and indexes that answer without reading the jobs themselves.

Words are found by their trigrams, so that any part of a word is found as before. Triggers and an index on an expression
follow what any release writes. SQLite: https://sqlite.org/fts5.html#the_trigram_tokenizer
"""

import logging
import time

import sqlalchemy as sa
from alembic import op

revision = "0014_million_jobs"
down_revision = "0013_accounts"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

_COVERED = ["id", "channel_id", "model", "state", "deleted_at", "outcome_channel_id"]
_REPORTED = ["user_id", "channel_id", "model", "team_id", "spent", "calls", "job_id"]
_OF_MEMBER = ["user_id", "counted_at", "guild_id", "team_id", "kind", "reserved", "spent", "calls"]
_INDEXES = {
    "ix_jobs_guild_id": ("jobs", ["guild_id", "accepted_at", *_COVERED, "requester_id"]),
    "ix_jobs_requester_id": ("jobs", ["requester_id", "accepted_at", *_COVERED, "guild_id"]),
    "ix_jobs_parent_id": ("jobs", ["parent_id", "accepted_at", "id"]),
    "ix_ledger_entries_guild_id": ("ledger_entries", ["guild_id", "kind", "counted_at", *_REPORTED]),
    "ix_ledger_entries_user_id": ("ledger_entries", _OF_MEMBER),
}
_PARTIAL_INDEXES = {
    "ix_jobs_open": (
        "jobs",
        ["requester_id", "guild_id", "accepted_at", "id", "state"],
        "state IN ('accepted', 'queued')",
    ),
    "ix_batch_items_pending": ("batch_items", ["batch_id", "job_id"], "state = 'pending'"),
}

# One token of three characters for private use stands for a server, another for a person.
_SCOPE_SQL = "char({start} + {id} % 3200, 57344 + {id} / 3200 % 6400, 57344 + {id} / 20480000 % 6400)"


def _build_text(row: str) -> str:
    guild = _SCOPE_SQL.format(start=57344, id=f"{row}.guild_id")
    person = _SCOPE_SQL.format(start=60544, id=f"{row}.requester_id")
    return f"{guild} || ' ' || {person} || ' ' || {row}.search_text"


_ADD = f"""
    INSERT INTO job_numbers (job_id) VALUES (NEW.id);
    INSERT INTO job_trigrams (rowid, text) SELECT number, {_build_text("NEW")} FROM job_numbers WHERE job_id = NEW.id;
"""  # noqa: S608 - constants
_REMOVE = f"""
    INSERT INTO job_trigrams (job_trigrams, rowid, text)
        SELECT 'delete', number, {_build_text("OLD")} FROM job_numbers WHERE job_id = OLD.id;
    DELETE FROM job_numbers WHERE job_id = OLD.id;
"""  # noqa: S608 - constants
_SQLITE = (
    "CREATE TABLE job_numbers (number INTEGER PRIMARY KEY AUTOINCREMENT, job_id VARCHAR(25) NOT NULL UNIQUE)",
    """CREATE VIRTUAL TABLE job_trigrams
        USING fts5(text, content='', detail='none', columnsize=0, tokenize='trigram case_sensitive 1')""",
    f"CREATE TRIGGER jobs_searched_insert AFTER INSERT ON jobs WHEN NEW.search_text IS NOT NULL BEGIN {_ADD} END",
    f"""CREATE TRIGGER jobs_searched_remove BEFORE UPDATE OF search_text, guild_id, requester_id ON jobs
        WHEN OLD.search_text IS NOT NULL BEGIN {_REMOVE} END""",
    f"""CREATE TRIGGER jobs_searched_add AFTER UPDATE OF search_text, guild_id, requester_id ON jobs
        WHEN NEW.search_text IS NOT NULL BEGIN {_ADD} END""",
    f"CREATE TRIGGER jobs_searched_delete BEFORE DELETE ON jobs WHEN OLD.search_text IS NOT NULL BEGIN {_REMOVE} END",
    "INSERT INTO job_numbers (job_id) SELECT id FROM jobs WHERE search_text IS NOT NULL ORDER BY accepted_at, id",
    f"""INSERT INTO job_trigrams (rowid, text)
        SELECT number, {_build_text("jobs")} FROM job_numbers CROSS JOIN jobs ON jobs.id = job_id ORDER BY number""",  # noqa: S608 - constants
)
_POSTGRESQL = (
    """CREATE FUNCTION list_job_trigrams(search_text text, guild_id bigint, requester_id bigint) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT array_to_tsvector(
                array(SELECT substr(search_text, i, 3) FROM generate_series(1, length(search_text) - 2) AS i)
                || ARRAY['guild ' || guild_id, 'person ' || requester_id]
            )
        $$""",
    "SET LOCAL maintenance_work_mem = '256MB'",
    """CREATE INDEX ix_jobs_trigrams ON jobs USING gin (list_job_trigrams(search_text, guild_id, requester_id))
        WITH (gin_pending_list_limit = 256) WHERE search_text IS NOT NULL""",
)


def upgrade() -> None:
    """Create the indexes. A million jobs take about two minutes, in which a release that runs cannot write."""
    connection = op.get_bind()
    count = connection.execute(sa.text("SELECT count(*) FROM jobs")).scalar_one()
    log.info("indexing the prompts of %d jobs; a million take a few minutes", count)
    started = time.monotonic()
    for name, (table, columns) in _INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns)
    for name, (table, columns, condition) in _PARTIAL_INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    for statement in _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE:
        connection.exec_driver_sql(statement)
    log.info("indexed the prompts of %d jobs in %.0f s", count, time.monotonic() - started)

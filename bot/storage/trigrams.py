"""The index of the words of prompts: it finds the jobs in whose prompts all trigrams of some words occur.

SQLite has an FTS5 table with the trigrams of each job under a number, which grows with time, so that the newest are
found without reading all. PostgreSQL has an index on an expression. In both, one more token stands for the server of a
job and one for its person. Whoever writes a job, triggers or the expression keep the index up to date; the migration
that made it has them. What it finds is compared with the words themselves: trigrams may occur in another order.
"""

import asyncio
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Join,
    MetaData,
    String,
    Table,
    func,
    literal,
    text,
)
from sqlalchemy.ext.compiler import compiles

from bot.storage.session import Database
from bot.storage.tables import jobs
from shared.prompts import normalize_search_text

TRIGRAM: Final = 3
_FIRST_PRIVATE_CHARACTER: Final = 0xE000
_SCOPE_KINDS: Final = 3200
_SCOPE_CHARACTERS: Final = 6400

_MERGED_PAGES: Final = 200
_PAUSE_SECONDS: Final = 0.03
_CHANGES_OF_MERGE: Final = 2

_sqlite_tables: Final = MetaData()

job_numbers: Final = Table(
    "job_numbers",
    _sqlite_tables,
    Column("number", Integer, primary_key=True),
    Column("job_id", String(25)),
)
job_trigrams: Final = Table(
    "job_trigrams",
    _sqlite_tables,
    Column("rowid", BigInteger, primary_key=True),
    Column("job_trigrams", String, comment="stands for all columns in a search"),
)


class _OrderedJoin(Join):
    """A join whose left side SQLite reads first.

    https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join
    """

    inherit_cache = True


@compiles(_OrderedJoin)
def _compile_join(join: _OrderedJoin, compiler: Any, **options: Any) -> str:
    return str(compiler.visit_join(join, **options)).replace(" JOIN ", " CROSS JOIN ")


def join_jobs_by_number(matches: FromClause) -> Join:
    """Join matches of SQLite's index of words to the jobs; for each job of a period it would else search them anew."""
    numbered = matches.join(job_numbers, job_numbers.c.number == matches.c.rowid)
    return _OrderedJoin(numbered, jobs, jobs.c.id == job_numbers.c.job_id)


def has_trigrams(keywords: str) -> bool:
    """Tell whether one of the words is long enough for the index."""
    return any(len(word) >= TRIGRAM for word in normalize_search_text(keywords).split())


def build_trigram_condition(
    dialect: str, keywords: str, guild_id: int | None, requester_id: int | None
) -> ColumnElement[bool]:
    """Build the condition that a job has all trigrams of these words, and is of a guild, of a person, or of both.

    On SQLite it is one of `job_trigrams`.
    """
    words = normalize_search_text(keywords).split()
    trigrams = sorted({word[start : start + TRIGRAM] for word in words for start in range(len(word) - TRIGRAM + 1)})
    if dialect == "sqlite":
        scopes = [_build_scope(0, guild_id)] if guild_id is not None else []
        scopes += [_build_scope(_SCOPE_KINDS, requester_id)] if requester_id is not None else []
        match = " AND ".join(f'"{token.replace(chr(34), chr(34) * 2)}"' for token in (*scopes, *trigrams))
        return job_trigrams.c.job_trigrams.match(match)
    from sqlalchemy.dialects.postgresql import TSQUERY  # noqa: PLC0415 - 2 MiB, and loaded already where it is used

    scopes = [f"guild {guild_id}"] if guild_id is not None else []
    scopes += [f"person {requester_id}"] if requester_id is not None else []
    tokens = (token.replace("\\", "\\\\").replace("'", "''") for token in (*scopes, *trigrams))
    query = " & ".join(f"'{token}'" for token in tokens)
    document = func.list_job_trigrams(jobs.c.search_text, jobs.c.guild_id, jobs.c.requester_id)
    return jobs.c.search_text.is_not(None) & document.bool_op("@@")(literal(query).cast(TSQUERY))


async def merge_trigrams(database: Database) -> None:
    """Merge the index of words in short transactions, so that nothing of deleted jobs remains in it.

    SQLite's FTS5 only notes that a row was deleted, until the parts of the index that hold it are merged.
    PostgreSQL's vacuum does so by itself. Raises `DATABASE_ERRORS`. https://sqlite.org/fts5.html#the_merge_command
    """
    if database.url.get_backend_name() != "sqlite":
        return
    pages = -_MERGED_PAGES  # the first one lets all parts be merged, however few there are
    while await database.run_transaction(lambda connection, pages=pages: _merge_some(connection, pages)):  # type: ignore[misc]
        pages = _MERGED_PAGES
        await asyncio.sleep(_PAUSE_SECONDS)


def _merge_some(connection: Connection, pages: int) -> bool:
    """Merge so many pages of the index; False if there was nothing to merge."""
    count_changes = text("SELECT total_changes()")
    before = connection.execute(count_changes).scalar_one()
    command = text("INSERT INTO job_trigrams (job_trigrams, rank) VALUES ('merge', :pages)")
    connection.execute(command, {"pages": pages})
    return bool(connection.execute(count_changes).scalar_one() - before >= _CHANGES_OF_MERGE)


def _build_scope(kind: int, discord_id: int) -> str:
    """Build the token of a server or person as the triggers do: three characters for private use."""
    low, middle, high = discord_id, discord_id // _SCOPE_KINDS, discord_id // (_SCOPE_KINDS * _SCOPE_CHARACTERS)
    places = (kind + low % _SCOPE_KINDS, middle % _SCOPE_CHARACTERS, high % _SCOPE_CHARACTERS)
    return "".join(chr(_FIRST_PRIVATE_CHARACTER + place) for place in places)

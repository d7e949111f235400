"""Searching past jobs.

The ids of the jobs that are found are read first, from indexes alone where no words are searched for, and then the
jobs of the page. A search begins with the favourites of the viewer, with the index of words, or with the jobs of one
server or person by their time.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.records import JobRecord
from bot.domain.search import COUNT_LIMIT, SearchPage, SearchQuery, SearchSlice
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.search_conditions import build_job_conditions, build_view_conditions
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import RecordState, favourites, jobs
from bot.storage.trigrams import build_trigram_condition, has_trigrams, job_numbers, job_trigrams, join_jobs_by_number
from shared.job import get_snowflake_time

_VIEW_COLUMNS: Final = ("guild_id", "channel_id", "requester_id", "deleted_at", "outcome_channel_id")

_NUMBER_DELAY_SECONDS: Final = 3600.0
"""A job gets its number so much later than it was accepted, at most."""


class SqlJobSearch:
    """Searches the jobs whose outcome was delivered. Every method raises `RejectedError` (database_unavailable).

    The viewer's own jobs are found wherever they were submitted. Other people's are found in these channels of this
    guild only, if they led to a picture that is neither deleted nor a secret entry.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        """Find `limit` jobs, newest first, after the first `offset`, and count all, as far as a page says.

        Jobs long after the first `COUNT_LIMIT` are found faster by `list_jobs`.
        """
        async with begin_transaction(self._database) as connection:
            search = _Search(connection, query, guild_id, channel_ids)
            job_ids = await search.list_ids(max(COUNT_LIMIT, offset + limit) + 1)
            return SearchPage(await _load_records(connection, job_ids[offset : offset + limit]), len(job_ids))

    async def list_jobs(
        self,
        query: SearchQuery,
        *,
        guild_id: int | None,
        channel_ids: Collection[int],
        limit: int,
        offset: int = 0,
        before_id: str | None = None,
        after_id: str | None = None,
    ) -> SearchSlice:
        """List `limit` jobs after the newest `offset`, or just before or after the job with an id, without a count.

        That job may have been deleted meanwhile.
        """
        async with begin_transaction(self._database) as connection:
            search = _Search(connection, query, guild_id, channel_ids)
            start_id = before_id or after_id
            found = (await search.list_ids(offset + limit + 1, start_id, is_newer=after_id is not None))[offset:]
            job_ids = found[:limit] if after_id is None else found[:limit][::-1]
            records = await _load_records(connection, job_ids)
        if not job_ids:
            return SearchSlice(records)
        return SearchSlice(records, job_ids[0], job_ids[-1], has_more=len(found) > limit)

    async def count_own_jobs(self, requester_id: int, accepted_before: float) -> int:
        """Count all delivered jobs of a person that were accepted before a time: for work that takes long anyway."""
        conditions = build_job_conditions(SearchQuery(requester_id, accepted_before=accepted_before), None, ())
        query = select(func.count()).select_from(jobs).where(*conditions)
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(query)).scalar_one()


async def _load_records(connection: AsyncConnection, job_ids: Sequence[str]) -> list[JobRecord]:
    rows = (await connection.execute(select_job_records().where(jobs.c.id.in_(job_ids)))).all() if job_ids else []
    by_id = {row.id: row for row in rows}
    found = (by_id[job_id] for job_id in job_ids if job_id in by_id)
    return [record for row in found if (record := parse_job_record(row))]


class _Search:
    """A search in a transaction."""

    def __init__(
        self, connection: AsyncConnection, query: SearchQuery, guild_id: int | None, channel_ids: Collection[int]
    ) -> None:
        self._connection = connection
        self._query = query
        self._guild_id = guild_id
        self._channel_ids = channel_ids
        self._dialect = connection.dialect.name
        self._has_trigrams = has_trigrams(query.keywords) and not query.is_favourite

    async def list_ids(self, limit: int, start_id: str | None = None, *, is_newer: bool = False) -> Sequence[str]:
        """List ids, newest first: from the newest or from before a job; or oldest first from after a job."""
        statement, keys = self._select_jobs()
        if self._has_trigrams:
            statement = statement.where(self._build_trigram_condition(), *await self._build_number_conditions())
        if start_id is not None:
            statement = statement.where(await self._build_start_condition(keys, start_id, is_newer=is_newer))
        statement = statement.order_by(*(key.asc() if is_newer else key.desc() for key in keys))
        found: FromClause = jobs
        if self._is_nested:
            found = statement.offset(0).subquery()
            statement = select(found.c.id)
        conditions = build_view_conditions(self._query, self._guild_id, self._channel_ids, found)
        job_ids: Sequence[str] = (
            (await self._connection.execute(statement.where(*conditions).limit(limit))).scalars().all()
        )
        return job_ids

    def _select_jobs(self) -> tuple[Select[Any], tuple[ColumnElement[Any], ...]]:
        """Select the jobs without an order, and return the keys by which they are ordered."""
        columns = jobs.c.id, *(jobs.c[name] for name in _VIEW_COLUMNS)
        statement = select(*(columns if self._is_nested else columns[:1]))
        statement = statement.where(*build_job_conditions(self._query, self._guild_id, self._channel_ids))
        if self._query.is_favourite:
            is_marked = (favourites.c.job_id == jobs.c.id) & (favourites.c.user_id == self._query.viewer_id)
            return statement.join(favourites, is_marked), (favourites.c.job_id,)
        if self._is_by_number:
            return statement.select_from(join_jobs_by_number()), (job_trigrams.c.rowid,)
        return statement, (jobs.c.accepted_at, jobs.c.id)

    @property
    def _is_nested(self) -> bool:
        """Whether the view conditions are those of an outer query.

        PostgreSQL would else ignore the order of an index, and judge each of its rows.
        """
        return self._dialect == "postgresql" and not self._query.is_favourite

    @property
    def _is_by_number(self) -> bool:
        """Whether the index of words gives the order."""
        return self._has_trigrams and self._dialect == "sqlite"

    def _build_trigram_condition(self) -> ColumnElement[bool]:
        query = self._query
        guild_id, person = (self._guild_id, query.requester_id) if query.is_guild_wide else (None, query.viewer_id)
        return build_trigram_condition(self._dialect, query.keywords, guild_id, person)

    async def _build_number_conditions(self) -> list[ColumnElement[bool]]:
        """Build conditions for the numbers of jobs of a period, which are given in the order of time, nearly."""
        conditions: list[ColumnElement[bool]] = []
        query, number = self._query, job_numbers.c.number
        if not self._is_by_number:
            return conditions
        delivered = (
            select(number).join(jobs, jobs.c.id == job_numbers.c.job_id).where(jobs.c.state == RecordState.DELIVERED)
        )
        if query.accepted_after is not None:
            since = delivered.where(jobs.c.accepted_at < query.accepted_after - _NUMBER_DELAY_SECONDS)
            first = await self._find(since.order_by(jobs.c.accepted_at.desc()).limit(1))
            conditions += [] if first is None else [job_trigrams.c.rowid >= first]
        if query.accepted_before is not None:
            until = delivered.where(jobs.c.accepted_at > query.accepted_before + _NUMBER_DELAY_SECONDS)
            last = await self._find(until.order_by(jobs.c.accepted_at).limit(1))
            conditions += [] if last is None else [job_trigrams.c.rowid <= last]
        return conditions

    async def _build_start_condition(
        self, keys: tuple[ColumnElement[Any], ...], start_id: str, *, is_newer: bool
    ) -> ColumnElement[bool]:
        """Build the condition for jobs newer or older than one; one that was deleted has the time of its id."""
        place: Any = keys[0]
        start: Any = start_id
        if self._is_by_number:
            start = await self._find(select(job_numbers.c.number).where(job_numbers.c.job_id == start_id))
        if start is None or len(keys) > 1:
            at = await self._find(select(jobs.c.accepted_at).where(jobs.c.id == start_id))
            at = get_snowflake_time(int(start_id.partition("-")[0])) if at is None else at
            place, start = tuple_(jobs.c.accepted_at, jobs.c.id), tuple_(at, start_id)
        condition: ColumnElement[bool] = place > start if is_newer else place < start
        return condition

    async def _find(self, statement: Select[Any]) -> Any:
        return (await self._connection.execute(statement)).scalar()

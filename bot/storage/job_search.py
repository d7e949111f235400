"""Searching past jobs: first the ids of the jobs that are found, then the jobs of the page."""

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.records import JobRecord
from bot.domain.search import COUNT_LIMIT, SearchPage, SearchQuery, SearchSlice, SearchStop
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.search_candidates import CandidateFinder, SearchStart
from bot.storage.search_conditions import build_view_conditions, build_word_conditions
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import RecordState, jobs


class SqlJobSearch:
    """Searches the jobs whose outcome was delivered. Every method raises `RejectedError` (database_unavailable).

    The viewer's own jobs are found wherever they were submitted. Other people's are found in these channels of this
    guild only, if they led to a picture that is neither deleted nor a secret entry. Each search but `count_own_jobs`
    looks at `CANDIDATE_LIMIT` jobs at most, after those that an offset leaves out.
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
            count = max(COUNT_LIMIT, offset + limit) + 1
            job_ids, stop = await _list_ids(connection, query, guild_id, channel_ids, count)
            records = await _load_records(connection, job_ids[offset : offset + limit])
        return SearchPage(records, len(job_ids), stop)

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
        start_id, is_newer = before_id or after_id, after_id is not None
        start = None if start_id is None else SearchStart(start_id, is_newer)
        async with begin_transaction(self._database) as connection:
            list_ids = partial(_list_ids, connection, query, guild_id, channel_ids)
            found, stop = await list_ids(offset + limit + 1, start)
            while stop is not None and len(found) < offset:  # it stopped among those that are left out
                offset -= len(found)
                found, stop = await list_ids(offset + limit + 1, SearchStart(stop.job_id, is_newer))
            job_ids = found[offset : offset + limit]
            records = await _load_records(connection, job_ids[::-1] if is_newer else job_ids)
        end_id = stop.job_id if stop else job_ids[-1] if job_ids else start_id
        ends = job_ids[0] if job_ids else start_id, end_id
        newest_id, oldest_id = ends[::-1] if is_newer else ends
        return SearchSlice(records, newest_id, oldest_id, len(found) > offset + limit or stop is not None, stop)

    async def count_own_jobs(self, requester_id: int, accepted_before: float) -> int:
        """Count all delivered jobs of a person that were accepted before a time: for work that takes long anyway."""
        is_counted = (jobs.c.requester_id == requester_id) & (jobs.c.accepted_at < accepted_before)
        query = select(func.count()).select_from(jobs).where(is_counted, jobs.c.state == RecordState.DELIVERED)
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(query)).scalar_one()


async def _list_ids(
    connection: AsyncConnection,
    query: SearchQuery,
    guild_id: int | None,
    channel_ids: Collection[int],
    limit: int,
    start: SearchStart | None = None,
) -> tuple[Sequence[str], SearchStop | None]:
    """List ids in the order of the candidates, and the last candidate if there may be more after it."""
    candidates = await CandidateFinder(connection, query, guild_id, channel_ids, start).select_candidates()
    conditions = (
        *build_word_conditions(query, candidates.found),
        *build_view_conditions(query, guild_id, channel_ids, candidates.found),
    )
    statement = candidates.statement.where(*conditions).limit(limit)
    job_ids: Sequence[str] = (await connection.execute(statement)).scalars().all()
    if len(job_ids) >= limit:
        return job_ids, None
    for stop in candidates.stops:
        last = (await connection.execute(stop)).one_or_none()
        if last is not None:
            return job_ids, SearchStop(*last)
    return job_ids, None


async def _load_records(connection: AsyncConnection, job_ids: Sequence[str]) -> list[JobRecord]:
    rows = (await connection.execute(select_job_records().where(jobs.c.id.in_(job_ids)))).all() if job_ids else []
    by_id = {row.id: row for row in rows}
    found = (by_id[job_id] for job_id in job_ids if job_id in by_id)
    return [record for row in found if (record := parse_job_record(row))]

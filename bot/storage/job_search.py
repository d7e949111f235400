"""Searching the jobs of the past."""

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, func, select

from bot.domain.search import SearchPage, SearchQuery
from bot.storage.database import Database
from bot.storage.job_history import begin_transaction, parse_job_record, select_job_records
from bot.storage.tables import RecordState, favourites, jobs
from shared.prompts import normalize_search_text


class SqlJobSearch:
    """Searches past jobs in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        holds = list(_build_conditions(query, guild_id, channel_ids))
        page = (
            select_job_records()
            .where(*holds)
            .order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        async with begin_transaction(self._database) as records:
            count = (await records.execute(select(func.count()).select_from(jobs).where(*holds))).scalar_one()
            rows = (await records.execute(page)).all()
        return SearchPage([past for row in rows if (past := parse_job_record(row))], count)


def _build_conditions(
    query: SearchQuery, guild: int | None, channels: Collection[int]
) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.state == RecordState.DELIVERED
    here = jobs.c.guild_id == guild
    own = jobs.c.requester_id == query.viewer_id
    if query.is_guild_wide or query.is_favourite:
        yield own | (here & jobs.c.channel_id.in_(channels) & jobs.c.deleted_at.is_(None))
    else:
        yield own
    if query.is_guild_wide:
        yield here
    if query.requester_id is not None:
        yield jobs.c.requester_id == query.requester_id
    if query.is_favourite:
        yield jobs.c.id.in_(select(favourites.c.job_id).where(favourites.c.user_id == query.viewer_id))
    for word in normalize_search_text(query.keywords).split():
        yield jobs.c.search_text.contains(word, autoescape=True)
    if query.model is not None:
        yield jobs.c.model == query.model
    if query.accepted_after is not None:
        yield jobs.c.accepted_at >= query.accepted_after
    if query.accepted_before is not None:
        yield jobs.c.accepted_at < query.accepted_before

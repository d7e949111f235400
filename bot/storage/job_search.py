"""Searching past jobs."""

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, exists, func, select

from bot.domain.search import SearchPage, SearchQuery
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.round_entries import IS_SECRET
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import RecordState, favourites, jobs, outcomes
from shared.outcome import CANCELLED
from shared.prompts import normalize_search_text


class SqlJobSearch:
    """Searches the jobs whose outcome was delivered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        """Find `limit` jobs, newest first, after the first `offset`.

        The viewer's own jobs are found wherever they were submitted. Other people's are found in these channels of this
        guild only, if they led to a picture that is neither deleted nor a secret entry. Raises `RejectedError`
        (database_unavailable).
        """
        conditions = list(_build_conditions(query, guild_id, channel_ids))
        count = select(func.count()).select_from(jobs).where(*conditions)
        page = (
            select_job_records()
            .where(*conditions)
            .order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        async with begin_transaction(self._database) as connection:
            total_count = (await connection.execute(count)).scalar_one()
            rows = (await connection.execute(page)).all()
        return SearchPage([record for row in rows if (record := parse_job_record(row))], total_count)


def _build_conditions(
    query: SearchQuery, guild_id: int | None, channel_ids: Collection[int]
) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.state == RecordState.DELIVERED
    is_in_guild = jobs.c.guild_id == guild_id
    is_own = jobs.c.requester_id == query.viewer_id
    if query.is_guild_wide or query.is_favourite:
        yield is_own | (is_in_guild & jobs.c.channel_id.in_(channel_ids) & _has_picture() & ~IS_SECRET)
    else:
        yield is_own
    if query.is_guild_wide:
        yield is_in_guild
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
    yield from _build_outcome_conditions(query)


def _build_outcome_conditions(query: SearchQuery) -> Iterator[ColumnElement[bool]]:
    if query.has_picture:
        yield _has_picture()
    if query.hides_cancelled:
        yield ~_has_outcome(outcomes.c.problem_code == CANCELLED)


def _has_picture() -> ColumnElement[bool]:
    """Build the condition that a job led to a picture and it is not deleted."""
    return jobs.c.deleted_at.is_(None) & _has_outcome(outcomes.c.kind == "generated")


def _has_outcome(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(outcomes.c.job_id == jobs.c.id, condition).correlate(jobs)

"""The jobs that a search looks at, in the order of its pages: a bounded number, however many there are.

They are the favourites of the viewer, the jobs that the index of words finds, or the jobs of one server or person by
their time. An index alone tells which these are.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, FromClause, Select, String, any_, func, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.search import CANDIDATE_LIMIT, SearchQuery
from bot.storage.search_conditions import build_job_conditions, build_scope_conditions, build_word_conditions
from bot.storage.tables import RecordState, favourites, jobs
from bot.storage.trigrams import build_trigram_condition, has_trigrams, job_numbers, job_trigrams, join_jobs_by_number
from shared.job import get_snowflake_time

ENTRY_LIMIT: Final = 20_000
"""So many entries of an index are read at most to find the candidates."""

_SAMPLE: Final = 500
_FREQUENT_MATCHES: Final = 5
"""Words that so many of the newest jobs of a sample have, are found soon without the index of words."""

_COLUMNS: Final = (
    *("id", "accepted_at", "guild_id", "channel_id", "requester_id"),
    *("state", "model", "deleted_at", "outcome_channel_id"),
)
"""Those of the indexes of jobs by server and by person."""

_NUMBER_DELAY_SECONDS: Final = 3600.0
"""A job gets its number so much later than it was accepted, at most."""


@dataclass(frozen=True)
class SearchStart:
    """Candidates are newer, or older, than the job with this id, which may have been deleted."""

    job_id: str
    is_newer: bool


@dataclass(frozen=True)
class Candidates:
    """The jobs that a search looks at.

    `statement` selects their ids in order, and `found`, to which it can be limited, has the columns of `jobs` that
    tell who may see a job. Each of `stops` selects the id and the time of the last job that was looked at, if there may
    be more after it: the first one that finds a job counts.
    """

    statement: Select[Any]
    found: FromClause
    stops: Sequence[Select[Any]] = ()


class CandidateFinder:
    """Finds the candidates of a search in a transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        query: SearchQuery,
        guild_id: int | None,
        channel_ids: Collection[int],
        start: SearchStart | None,
    ) -> None:
        self._connection = connection
        self._query = query
        self._guild_id = guild_id
        self._channel_ids = channel_ids
        self._start = start

    async def select_candidates(self) -> Candidates:
        """Select the candidates, newest first; from after a job, oldest first."""
        if self._query.is_favourite:
            return self._select_favourites()
        has_index = has_trigrams(self._query.keywords)
        if has_index and self._connection.dialect.name == "sqlite":
            return await self._select_by_number()
        by_time = await self._select_by_time()
        if has_index and not await self._has_frequent_words(by_time):
            job_ids = await self._list_matches()
            if len(job_ids) <= CANDIDATE_LIMIT:
                return await self._select_matches(job_ids)
        return by_time

    def _select_favourites(self) -> Candidates:
        key, start = favourites.c.job_id, self._start
        is_marked = (key == jobs.c.id) & (favourites.c.user_id == self._query.viewer_id)
        marked = select(*(jobs.c[name] for name in _COLUMNS)).join(favourites, is_marked)
        if start is not None:
            marked = marked.where(_is_after(start, key, literal(start.job_id)))
        entries = marked.order_by(*self._order(key)).limit(CANDIDATE_LIMIT).subquery()
        statement = select(entries.c.id).where(*self._build_job_conditions(entries))
        return Candidates(statement, entries, [_select_last(entries, CANDIDATE_LIMIT)])

    async def _select_by_time(self) -> Candidates:
        of_scope = select(*(jobs.c[name] for name in _COLUMNS)).where(*await self._build_scope_conditions(jobs))
        entries = of_scope.order_by(*self._order(jobs.c.accepted_at, jobs.c.id)).limit(ENTRY_LIMIT).subquery()
        found = select(entries).where(*self._build_job_conditions(entries)).limit(CANDIDATE_LIMIT).subquery()
        stops = [_select_last(found, CANDIDATE_LIMIT), _select_last(entries, ENTRY_LIMIT)]
        return Candidates(select(found.c.id), found, stops)

    async def _has_frequent_words(self, by_time: Candidates) -> bool:
        """Tell whether the words are frequent among the newest jobs: PostgreSQL's index would find very many."""
        sample = select(by_time.found).limit(_SAMPLE).subquery()
        matches = select(func.count()).select_from(sample).where(*build_word_conditions(self._query, sample))
        return bool((await self._connection.execute(matches)).scalar_one() >= _FREQUENT_MATCHES)

    async def _list_matches(self) -> Sequence[str]:
        """List the matches in PostgreSQL's index of words, in no order, and one job above the limit at most.

        Its estimate can be so wrong that all jobs would be read instead, and with too little memory the index notes
        pages, whose jobs are all compared.
        """
        await self._connection.execute(text("SET LOCAL enable_seqscan = off"))
        await self._connection.execute(text("SET LOCAL work_mem = '64MB'"))
        matches = select(jobs.c.id).where(self._build_trigram_condition()).limit(CANDIDATE_LIMIT + 1)
        return (await self._connection.execute(matches)).scalars().all()

    async def _select_matches(self, job_ids: Sequence[str]) -> Candidates:
        """Select from the few jobs that PostgreSQL's index of words finds."""
        found = select(jobs).where(jobs.c.id == any_(literal([*job_ids], ARRAY(String)))).offset(0).subquery()
        statement = select(found.c.id).where(*await self._build_scope_conditions(found))
        statement = statement.where(*self._build_job_conditions(found))
        return Candidates(statement.order_by(*self._order(found.c.accepted_at, found.c.id)), found)

    async def _select_by_number(self) -> Candidates:
        """Select the matches in SQLite's index of words, in the order of its numbers: those of time, nearly."""
        number, start_number = job_trigrams.c.rowid, await self._load_start_number()
        number_conditions = await self._build_number_conditions(start_number)
        matches = select(number).where(self._build_trigram_condition(), *number_conditions)
        matches = matches.order_by(*self._order(number))
        statement = select(jobs.c.id).select_from(join_jobs_by_number(matches.limit(CANDIDATE_LIMIT).subquery()))
        statement = statement.where(*self._build_job_conditions(jobs))
        statement = statement.where(*build_scope_conditions(self._query, self._guild_id, jobs))
        if start_number is None:
            statement = statement.where(*await self._build_start_conditions(jobs))
        last = matches.offset(CANDIDATE_LIMIT - 1).limit(1).scalar_subquery()
        stop = select(jobs.c.id, jobs.c.accepted_at).join(job_numbers, job_numbers.c.job_id == jobs.c.id)
        return Candidates(statement, jobs, [stop.where(job_numbers.c.number == last)])

    def _build_job_conditions(self, found: FromClause) -> Sequence[ColumnElement[bool]]:
        return [*build_job_conditions(self._query, self._guild_id, self._channel_ids, found)]

    def _build_trigram_condition(self) -> ColumnElement[bool]:
        query = self._query
        guild_id, person = (self._guild_id, query.requester_id) if query.is_guild_wide else (None, query.viewer_id)
        return build_trigram_condition(self._connection.dialect.name, query.keywords, guild_id, person)

    def _order(self, *keys: ColumnElement[Any]) -> Sequence[ColumnElement[Any]]:
        is_newer = self._start is not None and self._start.is_newer
        return [key.asc() if is_newer else key.desc() for key in keys]

    async def _build_scope_conditions(self, found: FromClause) -> Sequence[ColumnElement[bool]]:
        """Build the conditions that jobs are of the server or person and the period, on the right side of the start."""
        in_scope = build_scope_conditions(self._query, self._guild_id, found)
        return [*in_scope, *await self._build_start_conditions(found)]

    async def _build_start_conditions(self, found: FromClause) -> Sequence[ColumnElement[bool]]:
        """Build the condition that jobs are on the right side of the start by their time, if there is a start."""
        if self._start is None:
            return []
        place = tuple_(found.c.accepted_at, found.c.id)
        start_place = tuple_(await self._load_start_time(), self._start.job_id)
        return [_is_after(self._start, place, start_place)]

    async def _load_start_time(self) -> float:
        """Load when the job of the start was accepted; a deleted one has the time of its id."""
        job_id = self._start.job_id if self._start else ""
        at: float | None = await self._find(select(jobs.c.accepted_at).where(jobs.c.id == job_id))
        return get_snowflake_time(int(job_id.partition("-")[0])) if at is None else at

    async def _load_start_number(self) -> int | None:
        """Load the number of the job of the start; None without a start, and if that job was deleted."""
        if self._start is None:
            return None
        query = select(job_numbers.c.number).where(job_numbers.c.job_id == self._start.job_id)
        number: int | None = await self._find(query)
        return number

    async def _build_number_conditions(self, start_number: int | None) -> Sequence[ColumnElement[bool]]:
        """Build conditions for the numbers of jobs of the period, and on the right side of the start.

        Without the number of the start, they leave some jobs on its wrong side.
        """
        query, start = self._query, self._start
        conditions = await self._build_period_conditions(query.accepted_after, query.accepted_before)
        if start is None:
            return conditions
        if start_number is not None:
            return [*conditions, _is_after(start, job_trigrams.c.rowid, start_number)]
        at = await self._load_start_time()
        after, before = (at, None) if start.is_newer else (None, at)
        return [*conditions, *await self._build_period_conditions(after, before)]

    async def _build_period_conditions(
        self, after: float | None, before: float | None
    ) -> Sequence[ColumnElement[bool]]:
        """Build conditions for the numbers of all jobs of a period, and of a few others."""
        conditions: list[ColumnElement[bool]] = []
        number = select(job_numbers.c.number).join(jobs, jobs.c.id == job_numbers.c.job_id)
        delivered = number.where(jobs.c.state == RecordState.DELIVERED)
        if after is not None:
            since = delivered.where(jobs.c.accepted_at < after - _NUMBER_DELAY_SECONDS)
            first = await self._find(since.order_by(jobs.c.accepted_at.desc()).limit(1))
            conditions += [] if first is None else [job_trigrams.c.rowid >= first]
        if before is not None:
            until = delivered.where(jobs.c.accepted_at > before + _NUMBER_DELAY_SECONDS)
            last = await self._find(until.order_by(jobs.c.accepted_at).limit(1))
            conditions += [] if last is None else [job_trigrams.c.rowid <= last]
        return conditions

    async def _find(self, statement: Select[Any]) -> Any:
        return (await self._connection.execute(statement)).scalar()


def _select_last(found: FromClause, limit: int) -> Select[Any]:
    return select(found.c.id, found.c.accepted_at).offset(limit - 1).limit(1)


def _is_after(start: SearchStart, place: Any, start_place: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = place > start_place if start.is_newer else place < start_place
    return condition

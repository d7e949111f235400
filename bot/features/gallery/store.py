"""The pictures that most people liked, and the people who won most rounds."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import GalleryPostState
from bot.domain.records import JobRecord
from bot.storage.gallery_rows import MAY_BE_SHOWN
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import (
    contests,
    favourite_counts,
    favourites,
    gallery_posts,
    jobs,
    outcomes,
    round_entries,
    user_preferences,
)

_FIRST_CANDIDATES: Final = 32
_MORE_CANDIDATES: Final = 500


@dataclass(frozen=True)
class TopQuery:
    """Whose best is wanted: of a server, since a time in Unix seconds, in channels that the reader can read."""

    guild_id: int
    channel_ids: Collection[int]
    since: float = 0.0
    counts_own_marks: bool = False


@dataclass(frozen=True)
class TopResult:
    """A result, how many people marked it, and how many rounds it won."""

    record: JobRecord
    favourites: int
    wins: int


class SqlTopStore:
    """Reads favourites and the winners of rounds. Every method raises `RejectedError` (database_unavailable)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_top_results(self, query: TopQuery, limit: int) -> Sequence[TopResult]:
        """List the results with most favourites, then with most rounds won, then the newest.

        Favourites and wins count from `since`. Results of people who are in no gallery are left out.
        """
        if not query.channel_ids:
            return []
        async with begin_transaction(self._database) as connection:
            marked = await _list_marked(connection, query, limit)
            winners = (await connection.execute(_select_winners(query).limit(limit))).all()
            best = {row.job_id: row for row in (*marked, *winners)}  # the row of a winner says so
            top = sorted(best.values(), key=_get_rank, reverse=True)[:limit]
            chosen = select_job_records().where(jobs.c.id.in_([row.job_id for row in top]))
            rows = {row.id: row for row in (await connection.execute(chosen)).all()}
        found = ((row, parse_job_record(rows[row.job_id])) for row in top if row.job_id in rows)
        return [TopResult(record, row.marks, row.wins) for row, record in found if record]

    async def list_top_people(self, query: TopQuery, limit: int) -> Sequence[TopResult]:
        """List who won most rounds that the reader can see, each with the newest picture with which they won.

        People who deleted their data, or are in no gallery, are left out.
        """
        wins = _select_wins(query, round_entries.c.job_id, round_entries.c.author_id, literal(1)).subquery()
        newest, win_count = func.max(wins.c.job_id).label("job_id"), func.count().label("wins")
        totals = select(wins.c[1].label("author_id"), newest, win_count).group_by(wins.c[1]).subquery()
        top = (
            select_job_records()
            .add_columns(totals.c.wins)
            .join(totals, totals.c.job_id == jobs.c.id)
            .outerjoin(user_preferences, user_preferences.c.user_id == totals.c.author_id)
            .where(jobs.c.requester_id == totals.c.author_id, MAY_BE_SHOWN)
            .order_by(totals.c.wins.desc(), totals.c.job_id.desc())
            .limit(limit)
        )
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(top)).all()
        return [TopResult(record, 0, row.wins) for row in rows if (record := parse_job_record(row))]


def _select_wins(query: TopQuery, *columns: Any) -> Any:
    """Select these columns of the entries that won rounds in places that the reader can read."""
    places = contests.c.thread_id.in_(query.channel_ids) | contests.c.channel_id.in_(query.channel_ids)
    return (
        select(*columns)
        .join_from(round_entries, contests, contests.c.id == round_entries.c.contest_id)
        .where(round_entries.c.is_winner, round_entries.c.created_at >= query.since)
        .where(contests.c.guild_id == query.guild_id, places)
    )


def _get_rank(row: Row[Any]) -> tuple[int, int, float, str]:
    return row.marks, row.wins, row.accepted_at, row.job_id


async def _list_marked(connection: AsyncConnection, query: TopQuery, limit: int) -> Sequence[Row[Any]]:
    """List the results with most favourites, then the newest.

    Those that the reader sees are read in this order, some at a time, and then it is looked which of them may be shown:
    nearly all.
    """
    found: list[Row[Any]] = []
    offset, count = 0, _FIRST_CANDIDATES
    while True:
        some = (await connection.execute(_select_marked(query).limit(count).offset(offset))).all()
        shown = _join_shown(select(jobs.c.id)).where(jobs.c.id.in_([row.job_id for row in some]))
        shown_ids = set((await connection.execute(shown)).scalars())
        found += [row for row in some if row.job_id in shown_ids]
        if len(found) >= limit or len(some) < count:
            return found[:limit]
        offset, count = offset + count, _MORE_CANDIDATES


def _select_marked(query: TopQuery) -> Select[Any]:
    """Select the results of a guild with favourites that the reader sees, the best first."""
    counts = favourite_counts.c
    columns = counts.job_id, counts.accepted_at, literal(0).label("wins")
    if query.since:
        of_period = (
            select(favourites.c.job_id, func.count().label("marks"))
            .where(favourites.c.guild_id == query.guild_id, *_build_mark_conditions(query))
            .group_by(favourites.c.job_id)
            .subquery()
        )
        marks: ColumnElement[int] = of_period.c.marks
        found = select(*columns, marks).join(of_period, of_period.c.job_id == counts.job_id)
    else:
        marks = counts.marks if query.counts_own_marks else counts.other_marks
        found = select(*columns, marks.label("marks")).where(counts.guild_id == query.guild_id, marks > 0)
    return found.where(_is_visible(query)).order_by(marks.desc(), counts.accepted_at.desc(), counts.job_id.desc())


def _select_winners(query: TopQuery) -> Select[Any]:
    """Select the results that won rounds where the reader can read, those with most favourites first."""
    wins = _select_wins(query, round_entries.c.job_id).subquery()
    of_job = select(func.count()).select_from(favourites).where(favourites.c.job_id == jobs.c.id)
    marks = of_job.where(*_build_mark_conditions(query)).correlate(jobs).scalar_subquery().label("marks")
    found = select(jobs.c.id.label("job_id"), jobs.c.accepted_at, literal(1).label("wins"), marks)
    shown = _join_shown(found.join(wins, wins.c.job_id == jobs.c.id))
    return shown.order_by(marks.desc(), jobs.c.accepted_at.desc(), jobs.c.id.desc())


def _build_mark_conditions(query: TopQuery) -> Iterator[ColumnElement[bool]]:
    """Build the conditions for favourites that count."""
    yield favourites.c.created_at >= query.since
    if not query.counts_own_marks:
        yield favourites.c.is_own.is_(False)


def _join_shown(statement: Select[Any]) -> Select[Any]:
    """Leave only jobs with a picture that was not deleted, of people who are in galleries."""
    return (
        statement.join(outcomes, outcomes.c.job_id == jobs.c.id)
        .outerjoin(user_preferences, user_preferences.c.user_id == jobs.c.requester_id)
        .where(jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated", MAY_BE_SHOWN)
    )


def _is_visible(query: TopQuery) -> ColumnElement[bool]:
    """Build the condition that the reader sees a result where it was requested, in a gallery, or as a winner."""
    job_id = favourite_counts.c.job_id
    in_gallery = exists().where(
        gallery_posts.c.job_id == job_id,
        gallery_posts.c.guild_id == query.guild_id,
        gallery_posts.c.state == GalleryPostState.POSTED,
        gallery_posts.c.channel_id.in_(query.channel_ids),
    )
    won = _select_wins(query, round_entries.c.job_id).where(round_entries.c.job_id == job_id)
    return or_(
        favourite_counts.c.channel_id.in_(query.channel_ids), in_gallery, won.correlate(favourite_counts).exists()
    )

"""The pictures that most people liked, and the people who won most rounds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select

from bot.domain.gallery import GalleryPostState
from bot.domain.records import JobRecord
from bot.storage.gallery_rows import MAY_BE_SHOWN
from bot.storage.job_records import parse_job_record, select_job_records
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import contests, favourites, gallery_posts, jobs, outcomes, round_entries, user_preferences


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
        marks = select(favourites.c.job_id, literal(1).label("mark"), literal(0).label("win")).where(
            favourites.c.created_at >= query.since
        )
        if not query.counts_own_marks:
            marks = marks.join(jobs, jobs.c.id == favourites.c.job_id).where(
                jobs.c.requester_id != favourites.c.user_id
            )
        wins = _select_wins(query, round_entries.c.job_id, literal(0), literal(1))
        counted = marks.union_all(wins).subquery()
        mark_count, win_count = func.sum(counted.c.mark).label("marks"), func.sum(counted.c.win).label("wins")
        totals = select(counted.c.job_id, mark_count, win_count).group_by(counted.c.job_id).subquery()
        top = (
            select_job_records()
            .add_columns(totals.c.marks, totals.c.wins)
            .join(totals, totals.c.job_id == jobs.c.id)
            .outerjoin(user_preferences, user_preferences.c.user_id == jobs.c.requester_id)
            .where(jobs.c.guild_id == query.guild_id, jobs.c.deleted_at.is_(None), outcomes.c.kind == "generated")
            .where(_is_visible(query), MAY_BE_SHOWN)
            .order_by(totals.c.marks.desc(), totals.c.wins.desc(), jobs.c.accepted_at.desc(), jobs.c.id.desc())
            .limit(limit)
        )
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(top)).all()
        return [TopResult(record, row.marks, row.wins) for row in rows if (record := parse_job_record(row))]

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


def _is_visible(query: TopQuery) -> ColumnElement[bool]:
    """Build the condition that the reader sees a result where it was requested, in a gallery, or as a winner."""
    in_gallery = select(gallery_posts.c.job_id).where(
        gallery_posts.c.guild_id == query.guild_id,
        gallery_posts.c.state == GalleryPostState.POSTED,
        gallery_posts.c.channel_id.in_(query.channel_ids),
    )
    won = _select_wins(query, round_entries.c.job_id)
    return or_(jobs.c.channel_id.in_(query.channel_ids), jobs.c.id.in_(in_gallery), jobs.c.id.in_(won))

"""The rows about a person, jobs aside: counted, and deleted or left without the person, some at a time.

Each function is a part of one transaction. One with a `limit` returns how many rows it changed, and changed all there
were if that is 0.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, case, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.sql.schema import Table

from bot.domain.records import NO_USER_ID
from bot.storage.gallery_rows import build_changed_favourites_note
from bot.storage.notices import NO_DATA
from bot.storage.personal_jobs import is_ended_job_of, replace_source_owner
from bot.storage.round_members import PERSONAL_TABLES, forget_member
from bot.storage.tables import (
    IS_OPEN_JOB,
    audit_entries,
    explorations,
    favourites,
    gallery_posts,
    jobs,
    ledger_entries,
    notices,
    presets,
    reports,
    style_sets,
    team_choices,
    teams,
    user_preferences,
    word_rules,
)
from shared.job import parse_exploration_id

_ACTOR_COLUMNS: Final[Mapping[Table, Column[Any]]] = MappingProxyType(
    {
        reports: reports.c.closed_by,
        audit_entries: audit_entries.c.actor_id,
        word_rules: word_rules.c.created_by,
        teams: teams.c.created_by,
    }
)
"""Who did what a row tells of, which stays without them."""


def count_rows(connection: Connection, table: Table, condition: ColumnElement[bool], limit: int) -> int:
    """Count rows, at most `limit` of them."""
    some = select(*table.primary_key.columns).where(condition).limit(limit).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def count_own_rows(connection: Connection, user_id: int, limit: int) -> Counter[str]:
    """Count the person's own rows by the name of their table, at most `limit` of each."""
    conditions = {
        favourites: favourites.c.user_id == user_id,
        explorations: _is_own_exploration(connection, user_id),
        **_build_small_conditions(user_id),
    }
    counts = Counter(
        {table.name: count_rows(connection, table, condition, limit) for table, condition in conditions.items()}
    )
    counts["round_rows"] = sum(
        count_rows(connection, table, table.c.user_id == user_id, limit) for table in PERSONAL_TABLES
    )
    return counts


def delete_small_rows(connection: Connection, user_id: int, now: float) -> Counter[str]:
    """Delete the kinds of rows of which a person has few; return their numbers by the name of their table.

    Presets and style sets that the person gave to a guild stay without an author.
    """
    counts: Counter[str] = Counter()
    connection.execute(update(notices).where(_is_notice_about(user_id)).values(closed_at=now, data=NO_DATA))
    for table in (presets, style_sets):
        given = (table.c.user_id == user_id) & (table.c.guild_id != 0)
        connection.execute(update(table).where(given).values(user_id=NO_USER_ID))
    counts["round_rows"] = forget_member(connection, user_id)
    for table, condition in _build_small_conditions(user_id).items():
        counts[table.name] = connection.execute(delete(table).where(condition)).rowcount
    return counts


def delete_favourites(connection: Connection, user_id: int, limit: int, now: float) -> int:
    """Delete marks, and have the numbers in the gallery edited."""
    query = select(favourites.c.job_id).where(favourites.c.user_id == user_id).limit(limit)
    job_ids = connection.execute(query).scalars().all()
    connection.execute(build_changed_favourites_note(gallery_posts.c.job_id.in_(job_ids), now))
    is_chosen = (favourites.c.user_id == user_id) & favourites.c.job_id.in_(job_ids)
    return connection.execute(delete(favourites).where(is_chosen)).rowcount


def delete_explorations(connection: Connection, user_id: int, limit: int) -> int:
    """Delete explorations without an open variant."""
    query = select(explorations.c.id).where(_is_own_exploration(connection, user_id)).limit(limit)
    ids = connection.execute(query).scalars().all()
    return connection.execute(delete(explorations).where(explorations.c.id.in_(ids))).rowcount


def forget_spender(connection: Connection, user_id: int, limit: int) -> int:
    """Take a person out of entries of the ledger; those of open jobs still give back their price."""
    query = select(ledger_entries.c.id).where(ledger_entries.c.user_id == user_id).limit(limit)
    ids = connection.execute(query).scalars().all()
    has_ended = exists().where(jobs.c.id == ledger_entries.c.job_id, is_ended_job_of(user_id))
    changes = {"user_id": NO_USER_ID, "counters": case((has_ended, None), else_=ledger_entries.c.counters)}
    return connection.execute(update(ledger_entries).where(ledger_entries.c.id.in_(ids)).values(changes)).rowcount


def forget_source_owner(connection: Connection, user_id: int, limit: int) -> int:
    """Take a person's name out of the jobs and explorations of others that go on from their pictures."""
    rows = connection.execute(select(jobs).where(jobs.c.source_owner_id == user_id).limit(limit)).all()
    for row in rows:
        changes = {"source_owner_id": NO_USER_ID, "job_json": replace_source_owner(row.job_json)}
        connection.execute(update(jobs).where(jobs.c.id == row.id).values(changes))
    ids = {exploration_id for row in rows if (exploration_id := parse_exploration_id(row.id))}
    for row in connection.execute(select(explorations).where(explorations.c.id.in_(ids))).all():
        changes = {"exploration_json": replace_source_owner(row.exploration_json)}
        connection.execute(update(explorations).where(explorations.c.id == row.id).values(changes))
    return len(rows)


def list_actor_rows(connection: Connection, user_id: int) -> Iterator[tuple[Table, list[Any]]]:
    """List the keys of rows that name a person who acted, without locking them: they are found by reading all."""
    for table, column in _ACTOR_COLUMNS.items():
        keys = connection.execute(select(*table.primary_key.columns).where(column == user_id)).all()
        yield table, [tuple(key) for key in keys]


def forget_actor(connection: Connection, table: Table, keys: list[Any]) -> None:
    """Take the person out of these rows."""
    is_chosen = tuple_(*table.primary_key.columns).in_(keys)
    connection.execute(update(table).where(is_chosen).values({_ACTOR_COLUMNS[table]: NO_USER_ID}))


def _is_own_exploration(connection: Connection, user_id: int) -> ColumnElement[bool]:
    """Match a person's explorations without an open variant."""
    open_jobs = select(jobs.c.id).where(jobs.c.requester_id == user_id, IS_OPEN_JOB)
    open_ids = connection.execute(open_jobs).scalars()
    open_explorations = {found for job_id in open_ids if (found := parse_exploration_id(job_id))}
    return (explorations.c.requester_id == user_id) & explorations.c.id.not_in(open_explorations)


def _build_small_conditions(user_id: int) -> Mapping[Table, ColumnElement[bool]]:
    """Return the condition for a person's own rows by table, for the tables with few of them."""
    return {
        presets: (presets.c.user_id == user_id) & (presets.c.guild_id == 0),
        style_sets: (style_sets.c.user_id == user_id) & (style_sets.c.guild_id == 0),
        reports: reports.c.reporter_id == user_id,
        user_preferences: user_preferences.c.user_id == user_id,
        team_choices: team_choices.c.user_id == user_id,
    }


def _is_notice_about(user_id: int) -> ColumnElement[bool]:
    """Match the notices that wait to be posted to a person or about their part of a role's budget."""
    texts = (f'"user_id": {user_id}{end}' for end in ",}")
    return notices.c.closed_at.is_(None) & or_(*(notices.c.data.contains(text, autoescape=True) for text in texts))

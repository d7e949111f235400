"""Deleting the jobs of a person, some at a time, with all that is stored about them.

Jobs are deleted from the newest to the oldest, so that it is known of each whether anything still descends from it.
Ancestors of jobs of others stay: without the person, the request, or the picture.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Delete, Row, Select, delete, exists, func, select, update
from sqlalchemy.sql.schema import Table

from bot.domain.gallery import Remover
from bot.domain.records import NO_USER_ID
from bot.domain.rounds import Phase
from bot.storage.gallery_rows import build_withdrawal
from bot.storage.tables import (
    OPEN_STATES,
    contests,
    favourites,
    gallery_posts,
    jobs,
    ledger_entries,
    outcomes,
    queue_entries,
    reports,
    result_hashes,
    source_images,
    thumbnails,
    undelivered_images,
)
from shared.job import Job, Requester
from shared.request.model import Request

_TABLES_ABOUT_JOBS: Final = (queue_entries, outcomes, result_hashes, thumbnails, undelivered_images)

JobIds: TypeAlias = Sequence[str] | Select[Any]


def is_ended_job_of(user_id: int) -> ColumnElement[bool]:
    """Match the jobs of a person that have ended."""
    return (jobs.c.requester_id == user_id) & jobs.c.state.not_in(OPEN_STATES)


def select_newest_ended_jobs(user_id: int, limit: int) -> Select[Any]:
    """Select the ids of the newest jobs of a person that have ended."""
    query = select(jobs.c.id).where(is_ended_job_of(user_id)).order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc())
    return query.limit(limit)


def count_newest_ended_jobs(connection: Connection, user_id: int, limit: int) -> Counter[str]:
    """Count the newest jobs of a person that have ended, with the rows and images about them."""
    newest = select_newest_ended_jobs(user_id, limit)
    count = connection.execute(select(func.count()).select_from(newest.subquery())).scalar_one()
    counts = _count_rows_about(connection, newest, count)
    counts["source_images"] = _count_only_used_images(connection, user_id, newest)
    return counts


def delete_jobs(connection: Connection, user_id: int, job_ids: Collection[str], now: float) -> Counter[str]:
    """Delete those of these jobs that are the person's and have ended, and return the numbers of rows and images."""
    found = connection.execute(select(jobs).where(jobs.c.id.in_(job_ids)).with_for_update())  # by nothing but their ids
    rows = {row.id: row for row in found if row.requester_id == user_id and row.state not in OPEN_STATES}
    if not rows:
        return Counter()
    counts = _count_rows_about(connection, list(rows), len(rows))
    hashes = {row.source_sha256 for row in rows.values()} - {None}
    connection.execute(build_withdrawal(gallery_posts.c.job_id.in_(rows), Remover.DELETION, now))
    connection.execute(delete(reports).where(reports.c.job_id.in_(rows)))
    connection.execute(  # the keys of a role's counters contain the id of the member
        update(ledger_entries).where(ledger_entries.c.job_id.in_(rows)).values(counters=None, user_id=NO_USER_ID)
    )
    anonymous = _anonymize_ancestors(connection, user_id, rows, now)
    deleted = rows.keys() - anonymous
    connection.execute(update(jobs).where(jobs.c.parent_id.in_(deleted)).values(parent_id=None))
    connection.execute(delete(jobs).where(jobs.c.id.in_(deleted)))  # the rows about them go with them
    _delete_childless_jobs(connection, {rows[job_id].parent_id for job_id in deleted} - {None})
    counts["source_images"] = connection.execute(build_unused_images_deletion(hashes)).rowcount
    return counts


def _count_rows_about(connection: Connection, job_ids: JobIds, count: int) -> Counter[str]:
    """Count jobs with the rows and images about them."""
    by_table = {table: _count_rows(connection, table, job_ids) for table in _TABLES_ABOUT_JOBS}
    records = sum(by_table[table] for table in (queue_entries, outcomes, result_hashes))
    return Counter(
        jobs=count,
        rows=count + records,
        thumbnails=by_table[thumbnails],
        undelivered_images=by_table[undelivered_images],
    )


def _count_only_used_images(connection: Connection, user_id: int, job_ids: JobIds) -> int:
    """Count the images from which these jobs started, and no job but the person's ended ones."""
    others = jobs.alias()
    is_used = (others.c.requester_id != user_id) | others.c.state.in_(OPEN_STATES)
    hashes = select(jobs.c.source_sha256).where(jobs.c.id.in_(job_ids))
    query = (
        select(func.count())
        .select_from(source_images)
        .where(
            source_images.c.sha256.in_(hashes),
            ~exists().where(is_used & (others.c.source_sha256 == source_images.c.sha256)),
        )
    )
    return connection.execute(query).scalar_one()


def _count_rows(connection: Connection, table: Table, job_ids: JobIds) -> int:
    query = select(func.count()).select_from(table).where(table.c.job_id.in_(job_ids))
    return connection.execute(query).scalar_one()


def _anonymize_ancestors(connection: Connection, user_id: int, rows: dict[str, Row[Any]], now: float) -> set[str]:
    """Make those jobs anonymous from which jobs of others descend, and return their ids.

    A row of any other release does not stay.
    """
    children = jobs.alias()
    query = select(children.c.parent_id).where(children.c.parent_id.in_(rows), children.c.requester_id != user_id)
    anonymous: set[str] = set()
    for job_id in connection.execute(query.distinct()).scalars():
        ancestor: str | None = job_id
        while ancestor in rows and ancestor not in anonymous:
            job_json = _anonymize_job(rows[ancestor])
            if job_json is None:
                break
            _anonymize_row(connection, rows[ancestor], job_json, now)
            anonymous.add(ancestor)
            ancestor = rows[ancestor].parent_id
    return anonymous


def _delete_childless_jobs(connection: Connection, parent_ids: Collection[str]) -> None:
    """Delete those of these jobs that are anonymous and have no descendants any more, then their ancestors alike."""
    children = jobs.alias()
    is_childless = ~exists().where(children.c.parent_id == jobs.c.id).correlate(jobs)
    while parent_ids:
        query = select(jobs.c.id, jobs.c.parent_id).where(
            jobs.c.id.in_(parent_ids), jobs.c.requester_id == NO_USER_ID, is_childless
        )
        childless = connection.execute(query).all()
        connection.execute(delete(jobs).where(jobs.c.id.in_([row.id for row in childless])))
        parent_ids = {row.parent_id for row in childless} - {None}


def build_unused_images_deletion(hashes: Collection[str]) -> Delete:
    """Build the deletion of those of these images that no job and no open contest starts from any more."""
    of_contests = select(contests.c.source_sha256).where(
        contests.c.phase != Phase.ENDED, contests.c.source_sha256.is_not(None)
    )
    is_used = exists().where(jobs.c.source_sha256 == source_images.c.sha256).correlate(source_images)
    return delete(source_images).where(
        source_images.c.sha256.in_(hashes), source_images.c.sha256.not_in(of_contests), ~is_used
    )


def _anonymize_row(connection: Connection, row: Row[Any], job_json: str, now: float) -> None:
    for table in (favourites, queue_entries, result_hashes, thumbnails, undelivered_images):
        connection.execute(delete(table).where(table.c.job_id == row.id))
    nothing: dict[str, Any] = {"seed": None, "duration_seconds": None, "cost_usd": None}
    connection.execute(update(outcomes).where(outcomes.c.job_id == row.id).values(nothing))
    changes: dict[str, Any] = {
        "requester_id": NO_USER_ID,
        "job_json": job_json,
        "search_text": None,
        "source_url": None,
        "source_sha256": None,
        "outcome_channel_id": None,
        "outcome_message_id": None,
        "deleted_at": now if row.deleted_at is None else row.deleted_at,
    }
    connection.execute(update(jobs).where(jobs.c.id == row.id).values(changes))


def _anonymize_job(row: Row[Any]) -> str | None:
    """Return a job with nothing of the person but its place; None if this release cannot read it."""
    try:
        job = Job.model_validate_json(row.job_json)
    except ValueError:
        return None
    return Job(
        id=job.id,
        request=Request(model=job.request.model, text_prompts=(), has_picture=job.request.has_picture),
        seed=None,
        requester=Requester(id=NO_USER_ID, name=""),
        origin=job.origin,
        accepted_at=job.accepted_at,
        parent_id=job.parent_id,
        source_kind=job.source_kind,
        source_owner_id=job.source_owner_id,
    ).model_dump_json()


def replace_source_owner(text: str) -> str:
    """Replace the owner of the source in a job or an exploration; nothing remains of a damaged one."""
    try:
        return json.dumps({**json.loads(text), "source_owner_id": NO_USER_ID})
    except (ValueError, TypeError):
        return "{}"

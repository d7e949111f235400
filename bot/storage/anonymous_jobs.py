"""Jobs of people whose data was deleted: their places in the lineages of others, without person, request or picture."""

import json
from typing import Any

from sqlalchemy import Row, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.records import NO_USER_ID
from bot.storage.tables import (
    OPEN_STATES,
    explorations,
    favourites,
    jobs,
    outcomes,
    queue_entries,
    result_hashes,
    thumbnails,
    undelivered_images,
)
from shared.job import Job, Requester, parse_exploration_id
from shared.request.model import Request


async def anonymize_ancestors(connection: AsyncConnection, user_id: int, now: float) -> None:
    """Make the ended jobs of a person anonymous from which jobs of others descend; a row of any other release stays.

    They no longer belong to the person, so that deleting the person's jobs leaves them.
    """
    theirs = jobs.alias()
    is_theirs = (theirs.c.requester_id == user_id) & theirs.c.state.not_in(OPEN_STATES)
    ancestors = select(theirs.c.id, theirs.c.parent_id).join(jobs, jobs.c.parent_id == theirs.c.id)
    kept = ancestors.where(is_theirs, jobs.c.requester_id != user_id).cte(recursive=True)
    kept = kept.union(select(theirs.c.id, theirs.c.parent_id).where(theirs.c.id == kept.c.parent_id, is_theirs))
    for row in (await connection.execute(select(jobs).where(jobs.c.id.in_(select(kept.c.id))))).all():
        job_json = _anonymize_job(row)
        if job_json is not None:
            await _anonymize_row(connection, row, job_json, now)


async def forget_source_owner(connection: AsyncConnection, user_id: int) -> None:
    """Take a person's name out of the jobs and explorations of others that go on from their pictures."""
    rows = (await connection.execute(select(jobs).where(jobs.c.source_owner_id == user_id))).all()
    for row in rows:
        changes = {"source_owner_id": NO_USER_ID, "job_json": _replace_owner(row.job_json)}
        await connection.execute(update(jobs).where(jobs.c.id == row.id).values(changes))
    ids = {exploration_id for row in rows if (exploration_id := parse_exploration_id(row.id))}
    for row in (await connection.execute(select(explorations).where(explorations.c.id.in_(ids)))).all():
        changes = {"exploration_json": _replace_owner(row.exploration_json)}
        await connection.execute(update(explorations).where(explorations.c.id == row.id).values(changes))


async def delete_childless_jobs(connection: AsyncConnection) -> None:
    """Delete the anonymous jobs from which nothing descends any more."""
    children = jobs.alias()
    is_childless = ~exists().where(children.c.parent_id == jobs.c.id).correlate(jobs)
    while (await connection.execute(delete(jobs).where(jobs.c.requester_id == NO_USER_ID, is_childless))).rowcount:
        pass  # the parents of those may be childless now


async def _anonymize_row(connection: AsyncConnection, row: Row[Any], job_json: str, now: float) -> None:
    for table in (favourites, queue_entries, result_hashes, thumbnails, undelivered_images):
        await connection.execute(delete(table).where(table.c.job_id == row.id))
    nothing: dict[str, Any] = {"seed": None, "duration_seconds": None, "cost_usd": None}
    await connection.execute(update(outcomes).where(outcomes.c.job_id == row.id).values(nothing))
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
    await connection.execute(update(jobs).where(jobs.c.id == row.id).values(changes))


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


def _replace_owner(text: str) -> str:
    """Replace the owner of the source in a job or an exploration; nothing remains of a damaged one."""
    try:
        return json.dumps({**json.loads(text), "source_owner_id": NO_USER_ID})
    except (ValueError, TypeError):
        return "{}"

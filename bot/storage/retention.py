"""Deleting old records, and the prompts in them, some at a time.

Whatever is stored of a request that ended long ago goes with it, except for its lines in the ledger, whose sums stay
right. What is still shown or needed stays: results in a gallery, entries of contests and items of batches that are not
over, and requests whose reservations are open.
"""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, select, tuple_, update

from bot.domain.batches import FINAL_STATES
from bot.domain.gallery import GalleryPostState
from bot.domain.rounds import Phase
from bot.storage.batch_retention import delete_pictures
from bot.storage.bounded_work import BoundedWork
from bot.storage.ledger import EntryKind
from bot.storage.personal_jobs import build_unused_images_deletion
from bot.storage.session import Database
from bot.storage.tables import (
    IS_OPEN_JOB,
    RecordState,
    batch_items,
    batch_previews,
    batches,
    contests,
    explorations,
    gallery_posts,
    jobs,
    ledger_entries,
    reports,
    round_entries,
)
from bot.storage.trigrams import merge_trigrams
from shared.job import Job
from shared.request.model import Request

SECONDS_PER_DAY: Final = 86400.0
_ENDED_STATES: Final = (RecordState.DELIVERED, RecordState.REJECTED)
_CLOSING_KINDS: Final = (EntryKind.SETTLEMENT, EntryKind.RELEASE)
_NO_WORDS: Final[dict[str, Any]] = {"text_prompts": (), "search_prompt": None, "select_prompt": None, "extras": None}


class SqlRetention:
    """Deletes what is older than so many days. Methods raise `DATABASE_ERRORS`. `clock` gives Unix seconds.

    Each transaction is short, and what was left when the process ended is deleted in the next round.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._blanked_until: dict[RecordState, tuple[float, str]] = {}
        self._batches_until = 0.0, ""

    async def delete_old_records(self, days: float) -> int:
        """Delete the records of requests, batches and contests that ended so long ago; return how many."""
        before = self._clock() - days * SECONDS_PER_DAY
        work, total = BoundedWork(self._database), 0
        await delete_pictures(self._database, _select_old_batches(before))
        for step in (_delete_batches, _delete_explorations, _delete_contests, _delete_jobs):
            total += await work.repeat(lambda connection, limit, step=step: step(connection, before, limit))  # type: ignore[misc]
        await self._finish(total)
        return total

    async def blank_old_prompts(self, days: float) -> int:
        """Blank the words of requests and batches that ended so long ago; return how many there were.

        The first round looks at all records, the next ones at those that have become old since.
        """
        before = self._clock() - days * SECONDS_PER_DAY
        work = BoundedWork(self._database)
        total = await work.repeat(lambda connection, limit: _delete_explorations(connection, before, limit))
        while await self._blank_next_batch(work, before):
            total += 1
        oldest_open = await self._database.run_transaction(
            lambda connection: connection.execute(select(func.min(jobs.c.accepted_at)).where(IS_OPEN_JOB)).scalar()
        )
        until = before if oldest_open is None else min(before, oldest_open)
        for state in _ENDED_STATES:
            while rows := await self._blank_some(work, state, before):
                total += sum(row.search_text is not None for row in rows)
            position = self._blanked_until.get(state)
            if position is not None and position[0] > until:
                self._blanked_until[state] = until, ""  # a job that is open now ends behind it
        await self._finish(total)
        return total

    async def _blank_next_batch(self, work: BoundedWork, before: float) -> bool:
        query = _select_next_batches(before, self._batches_until)

        def blank(connection: Connection, _limit: int) -> Row[Any] | None:
            row = connection.execute(query).one_or_none()
            if row is not None:
                _blank_batch(connection, row)
            return row

        row = await work.run(blank)
        if row is not None:
            self._batches_until = row.ended_at, row.id
        return row is not None

    async def _blank_some(self, work: BoundedWork, state: RecordState, before: float) -> Sequence[Any]:
        """Look at the next records, and blank those that have words."""
        is_next = tuple_(jobs.c.accepted_at, jobs.c.id) > tuple_(*self._blanked_until.get(state, (0.0, "")))
        query = (
            select(jobs.c.id, jobs.c.accepted_at, jobs.c.search_text, jobs.c.job_json)
            .where(jobs.c.state == state, is_next, jobs.c.accepted_at < before)
            .order_by(jobs.c.accepted_at, jobs.c.id)
        )

        def blank(connection: Connection, limit: int) -> Sequence[Any]:
            rows = connection.execute(query.limit(limit)).all()
            for row in rows:
                if row.search_text is not None:
                    changes = {"search_text": None, "job_json": _blank_job(row.job_json)}
                    connection.execute(update(jobs).where(jobs.c.id == row.id).values(changes))
            return rows

        rows = await work.run(blank)
        if rows:
            self._blanked_until[state] = rows[-1].accepted_at, rows[-1].id
        return rows

    async def _finish(self, count: int) -> None:
        """Take what was deleted out of the index of words and out of SQLite's write-ahead log."""
        if not count:
            return
        await merge_trigrams(self._database)
        await self._database.checkpoint_wal("deleted rows")


def _select_old_batches(before: float) -> Select[Any]:
    return select(batches.c.id).where(batches.c.state.in_(FINAL_STATES), batches.c.ended_at < before)


def _delete_batches(connection: Connection, before: float, _limit: int) -> int:
    """Delete a batch with all its items; return 0 or 1."""
    batch_id = connection.execute(_select_old_batches(before).limit(1)).scalar()
    return connection.execute(delete(batches).where(batches.c.id == batch_id)).rowcount


def _delete_explorations(connection: Connection, before: float, limit: int) -> int:
    ids = connection.execute(select(explorations.c.id).where(explorations.c.ended_at < before).limit(limit)).scalars()
    return connection.execute(delete(explorations).where(explorations.c.id.in_(ids.all()))).rowcount


def _delete_contests(connection: Connection, before: float, limit: int) -> int:
    is_old = and_(contests.c.phase == Phase.ENDED, contests.c.due_at.is_(None), contests.c.round_started_at < before)
    ids = connection.execute(select(contests.c.id).where(is_old).limit(limit)).scalars().all()
    return connection.execute(delete(contests).where(contests.c.id.in_(ids))).rowcount


def _delete_jobs(connection: Connection, before: float, limit: int) -> int:
    """Delete jobs with all that hangs on them. Lineages begin after them."""
    query = select(jobs.c.id, jobs.c.source_sha256).where(_is_old_job(before)).limit(limit)
    rows = connection.execute(query.with_for_update(of=jobs)).all()
    ids, hashes = [row.id for row in rows], {row.source_sha256 for row in rows} - {None}
    connection.execute(delete(reports).where(reports.c.job_id.in_(ids)))
    connection.execute(delete(gallery_posts).where(gallery_posts.c.job_id.in_(ids)))
    connection.execute(update(jobs).where(jobs.c.parent_id.in_(ids)).values(parent_id=None))
    connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))  # the rows about them go with them
    if hashes:
        connection.execute(build_unused_images_deletion(hashes))
    return len(ids)


def _is_old_job(before: float) -> ColumnElement[bool]:
    """Match the jobs that ended so long ago, and that nothing needs."""
    in_gallery = exists().where(gallery_posts.c.job_id == jobs.c.id, gallery_posts.c.state != GalleryPostState.REMOVED)
    in_contest = exists().where(
        round_entries.c.job_id == jobs.c.id,
        round_entries.c.contest_id == contests.c.id,
        contests.c.phase != Phase.ENDED,
    )
    is_source = exists().where(contests.c.source_job_id == jobs.c.id, contests.c.phase != Phase.ENDED)
    in_batch = exists().where(batch_items.c.job_id == jobs.c.id)  # goes with its batch
    closing = ledger_entries.alias()
    is_unsettled = exists().where(
        ledger_entries.c.job_id == jobs.c.id,
        ledger_entries.c.kind == EntryKind.RESERVATION,
        ~exists().where(closing.c.job_id == ledger_entries.c.job_id, closing.c.kind.in_(_CLOSING_KINDS)),
    )
    return and_(
        jobs.c.state.in_(_ENDED_STATES),
        jobs.c.accepted_at < before,
        func.coalesce(jobs.c.delivered_at, jobs.c.accepted_at) < before,
        ~in_gallery,
        ~in_contest,
        ~is_source,
        ~in_batch,
        ~is_unsettled,
    )


def _select_next_batches(before: float, after: tuple[float, str]) -> Select[Any]:
    is_next = tuple_(batches.c.ended_at, batches.c.id) > tuple_(*after)
    query = select(batches.c.id, batches.c.ended_at, batches.c.brief_json)
    is_old = and_(batches.c.state.in_(FINAL_STATES), batches.c.ended_at < before)
    return query.where(is_old, is_next).order_by(batches.c.ended_at, batches.c.id).limit(1)


def _blank_batch(connection: Connection, row: Row[Any]) -> None:
    """Blank the words of a batch, but for its title and the names of its items."""
    is_of_batch = batch_items.c.batch_id == row.id
    for item in connection.execute(select(batch_items.c.number, batch_items.c.request_json).where(is_of_batch)).all():
        changes = {"request_json": _blank_request(item.request_json), "note": "", "review_note": ""}
        connection.execute(update(batch_items).where(is_of_batch, batch_items.c.number == item.number).values(changes))
    brief = json.dumps(json.loads(row.brief_json) | {"text": ""})
    connection.execute(update(batches).where(batches.c.id == row.id).values(brief_json=brief, approval_note=""))
    connection.execute(delete(batch_previews).where(batch_previews.c.batch_id == row.id))


def _blank_job(text: str) -> str:
    """Return a job without words; nothing remains of one that this release cannot read."""
    try:
        job = Job.model_validate_json(text)
    except ValueError:
        return "{}"
    request = job.request.model_copy(update=_NO_WORDS)
    return job.model_copy(update={"request": request, "notes": ()}).model_dump_json()


def _blank_request(text: str) -> str:
    try:
        return Request.model_validate_json(text).model_copy(update=_NO_WORDS).model_dump_json()
    except ValueError:
        return "{}"

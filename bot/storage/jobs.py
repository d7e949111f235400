"""Recording jobs as they are accepted, queued and ended. Each method is one short transaction."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.batches import ItemEnd, ItemState, build_item_end
from bot.domain.billing import count_billed_calls, name_billed_accounts
from bot.domain.budgets import Budget, Spender, get_price
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord, OpenJobRecord
from bot.domain.status import JobStatus
from bot.domain.unreadable import JobOwner
from bot.storage.batch_items import settle_item
from bot.storage.budget_charges import Bill, charge_budgets, run_charging_transaction, settle_without_reservation
from bot.storage.budget_notices import add_settlement_notices
from bot.storage.doubtful_commits import was_committed
from bot.storage.job_records import (
    FIRST_ENTRY,
    REPEAT_ENTRY,
    build_counters,
    build_job_row,
    build_outcome_row,
    build_owner,
    build_queue_entry_row,
    build_source_columns,
    get_message_ref,
    insert_bundle,
    parse_open_job_record,
)
from bot.storage.ledger import Reservation, get_requester_account, reserve_prices, settle_closed_jobs, settle_job
from bot.storage.notice_bounds import Bounds, NoticeBounds
from bot.storage.queue_entries import IS_NEWEST_ENTRY_OF_JOB, JOB_ID, RAISE_COUNTERS_OF_NEWEST_ENTRY, UPDATE_FIRST_ENTRY
from bot.storage.result_hashes import insert_outcome
from bot.storage.round_entries import accept_entry, settle_entry
from bot.storage.session import DATABASE_ERRORS, Database, translate_database_errors
from bot.storage.tables import OPEN_STATES, RecordState, jobs, queue_entries, user_preferences
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Generated
from shared.problems import Problem, RejectedError, make_problem

log = logging.getLogger(__name__)

SETTLING_SECONDS: Final = 30 * 86400.0

# The statements that every job needs are built once: building one takes as long as executing it.
_IS_OPEN: Final = or_(*(jobs.c.state == state for state in OPEN_STATES))  # `in_` is expanded anew at each execution
_RECORDED_PARENT_ID: Final = select(jobs.c.id).where(jobs.c.id == bindparam("parent_job_id")).scalar_subquery()
_INSERT_JOB: Final = insert(jobs).values(parent_id=_RECORDED_PARENT_ID)
_INSERT_QUEUE_ENTRY: Final = insert(queue_entries)
_UPDATE_JOB: Final = update(jobs).where(jobs.c.id == JOB_ID)
_UPDATE_OPEN_JOB: Final = _UPDATE_JOB.where(_IS_OPEN)
_SELECT_JOB_ID: Final = select(jobs.c.id).where(jobs.c.id == JOB_ID)
_SELECT_CLOSED_JOB: Final = select(jobs).where(jobs.c.id == JOB_ID, ~_IS_OPEN)
_SELECT_UNKNOWN_CALLS: Final = select(func.coalesce(func.sum(queue_entries.c.unknown_calls), 0)).where(
    queue_entries.c.job_id == JOB_ID
)
_SELECT_OPEN_JOBS: Final = (
    select(jobs, queue_entries, user_preferences.c.language)
    .join_from(jobs, queue_entries, IS_NEWEST_ENTRY_OF_JOB)
    .outerjoin(user_preferences, user_preferences.c.user_id == jobs.c.requester_id)
    .where(jobs.c.state.in_(OPEN_STATES))
    .order_by(jobs.c.accepted_at, jobs.c.id)
)
_SELECT_OWNER: Final = (
    select(jobs, user_preferences.c.language)
    .outerjoin(user_preferences, user_preferences.c.user_id == jobs.c.requester_id)
    .where(jobs.c.id == JOB_ID)
)


class SqlJobStore:
    """The records of jobs.

    Accepting a job raises when the database fails. Its later steps are only logged: the outcome is posted without the
    database too, and the reconciler completes the record. The reconciler's own methods raise `DATABASE_ERRORS`. `clock`
    gives Unix seconds; `bot_budgets` limit the spending of everybody together.
    """

    def __init__(
        self,
        database: Database,
        *,
        catalogue: Catalogue,
        bot_budgets: Sequence[Budget] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._bot_budgets = bot_budgets
        self._clock = clock
        self._bounds = NoticeBounds()

    async def add_jobs(
        self, jobs_to_add: Sequence[Job], image: RemoteImage | StoredImage | None, spender: Spender | None = None
    ) -> bool:
        """Record jobs before they are queued, and reserve their prices; False if they are recorded already.

        All are recorded or none. `spender` is the requester without roles by default.
        Raises `RejectedError` (database_unavailable, or that of `accept_entry` for entries of a contest) and
        `BudgetExceededError`.
        """
        source = build_source_columns(image)
        payer = spender or get_requester_account(jobs_to_add[0])
        prices = [self._get_price(job.request.model) for job in jobs_to_add]
        reservations = [Reservation(j.id, j.request.model, p) for j, p in zip(jobs_to_add, prices, strict=True)]
        now = self._clock()

        def insert_rows(connection: Connection) -> tuple[bool, Bounds]:
            insert_bundle(connection, image, now)
            for job in jobs_to_add:
                connection.execute(_INSERT_JOB, build_job_row(job) | source)
                connection.execute(_INSERT_QUEUE_ENTRY, build_queue_entry_row(job.id, FIRST_ENTRY))
            for job, price in zip(jobs_to_add, prices, strict=True):
                accept_entry(connection, job, price, now)
            charged = charge_budgets(connection, self._bot_budgets, payer, prices, now, self._bounds)
            reserve_prices(connection, reservations, payer, charged.counters, now)
            return True, charged.bounds

        try:
            return await run_charging_transaction(self._database, self._bot_budgets, self._bounds, now, insert_rows)
        except IntegrityError:
            return False
        except DATABASE_ERRORS as error:
            if await was_committed(self._database, error, jobs_to_add[0].id):
                return True
            log.exception("job %s: could not be recorded", jobs_to_add[0].id)
            raise RejectedError(make_problem("database_unavailable")) from error

    async def mark_queued(self, job_id: str, sha256: str | None) -> None:
        """Record that the queue accepted the job, and the hexadecimal hash of its upload."""
        changes = {"state": RecordState.QUEUED, "source_sha256": sha256}
        queued_at = self._clock()

        def update_rows(connection: Connection) -> None:
            connection.execute(_UPDATE_OPEN_JOB, {**changes, JOB_ID.key: job_id})
            connection.execute(UPDATE_FIRST_ENTRY, {"queued_at": queued_at, JOB_ID.key: job_id})

        try:
            await self._database.run_transaction(update_rows)
        except DATABASE_ERRORS:
            log.warning("job %s: its record could not be updated; the reconciler will", job_id, exc_info=True)

    async def mark_rejected(self, job_id: str, problem: Problem) -> None:
        """Close the record of a job that the queue did not accept."""
        changes = {
            "state": RecordState.REJECTED,
            "rejection_code": problem.code,
            "source_url": None,
            "finished_at": self._clock(),
        }

        def close_record(connection: Connection) -> None:
            if connection.execute(_UPDATE_OPEN_JOB, {**changes, JOB_ID.key: job_id}).rowcount:
                settle_entry(connection, job_id, is_generated=False, cost=0, now=self._clock())
                settle_item(connection, job_id, None, ItemEnd(ItemState.FAILED, problem=problem), 0, self._clock())
                settle_job(connection, job_id, 0, self._clock())

        try:
            await self._database.run_transaction(close_record)
        except DATABASE_ERRORS:
            log.warning("job %s: its record could not be closed; the reconciler will", job_id, exc_info=True)

    async def is_rejected(self, job_id: str) -> bool:
        """Tell whether the queue did not accept a recorded job. Raises `RejectedError` (database_unavailable)."""
        with translate_database_errors():
            row = await self._load_row(_SELECT_CLOSED_JOB, job_id)
        return row is not None and row.state == RecordState.REJECTED

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        """Load a record that is closed; None if it is open or unknown, or cannot be read."""
        try:
            row = await self._load_row(_SELECT_CLOSED_JOB, job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: its record could not be read", job_id, exc_info=True)
            return None
        return None if row is None else ClosedRecord(get_message_ref(row), is_deleted=row.deleted_at is not None)

    async def load_owner(self, job_id: str) -> JobOwner | None:
        """Load whom to notify about a job that cannot be read; None if it is unknown, or the database fails."""
        try:
            row = await self._load_row(_SELECT_OWNER, job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: its requester could not be looked up", job_id, exc_info=True)
            return None
        return None if row is None else build_owner(row)

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None, image: bytes | None = None) -> None:
        """Close the record of a job whose outcome `message` shows, None if no message could; a closed one stays.

        `image` is the picture of an item of a batch, which is stored with it: only for such a job it is an error if the
        database fails. Raises `RejectedError` (database_unavailable) then.
        """
        job_id = status.job.id
        changes = {
            "state": RecordState.DELIVERED,
            "source_url": None,
            "finished_at": status.state_since,
            "delivered_at": self._clock(),
            "outcome_channel_id": message.channel_id if message else None,
            "outcome_message_id": message.message_id if message else None,
        }
        if status.thread_id is not None:
            changes["thread_id"] = status.thread_id
        outcome = build_outcome_row(status, self._catalogue.models.get(status.job.request.model))

        def close_record(connection: Connection) -> None:
            if not connection.execute(_UPDATE_OPEN_JOB, {**changes, JOB_ID.key: job_id}).rowcount:
                if connection.execute(_SELECT_JOB_ID, {JOB_ID.key: job_id}).one_or_none():
                    return  # closed before
                # a dead letter that the operator retries may have no record
                connection.execute(_INSERT_JOB, build_job_row(status.job) | changes)
                connection.execute(_INSERT_QUEUE_ENTRY, build_queue_entry_row(job_id, FIRST_ENTRY))
            insert_outcome(connection, outcome, status.outcome)
            connection.execute(RAISE_COUNTERS_OF_NEWEST_ENTRY, {**build_counters(status), JOB_ID.key: job_id})
            unknown_calls: int = connection.execute(_SELECT_UNKNOWN_CALLS, {JOB_ID.key: job_id}).scalar_one()
            price, now = self._get_price(status.job.request.model), self._clock()
            billed_calls = count_billed_calls(status.outcome, unknown_calls)
            if status.job.entry is not None:
                is_generated = isinstance(status.outcome, Generated)
                settle_entry(connection, job_id, is_generated=is_generated, cost=billed_calls * price, now=now)
            if not isinstance(status.outcome, Generated) or status.job.batch is not None:
                end = build_item_end(status.outcome, has_image=image is not None)
                settle_item(connection, job_id, status.job.batch, end, billed_calls, now, image)
            accounts = name_billed_accounts(status, billed_calls)
            if not settle_job(connection, job_id, billed_calls, now, accounts) and billed_calls:
                bill = Bill(price, billed_calls, accounts)
                settle_without_reservation(connection, self._bot_budgets, status.job, bill, now)
            else:
                add_settlement_notices(connection, self._bot_budgets, job_id, billed_calls, now)

        try:
            await self._database.run_transaction(close_record)
        except DATABASE_ERRORS as error:
            log.warning("job %s: its outcome could not be recorded", job_id, exc_info=True)
            if status.job.batch is not None:
                raise RejectedError(make_problem("database_unavailable")) from error

    async def settle_closed_jobs(self) -> int:
        """Settle jobs whose records a release without a ledger closed in the last weeks; return their number.

        Raises `DATABASE_ERRORS`.
        """
        now = self._clock()
        since = now - SETTLING_SECONDS
        return await self._database.run_transaction(lambda connection: settle_closed_jobs(connection, since, now))

    async def list_open_records(self) -> Sequence[OpenJobRecord]:
        """List all open records, oldest first."""
        rows = await self._database.run_transaction(lambda connection: connection.execute(_SELECT_OPEN_JOBS).all())
        return [parse_open_job_record(row) for row in rows]

    async def save_progress(self, statuses: Collection[JobStatus]) -> None:
        """Update the counters and threads of these jobs."""
        counters = [{**build_counters(status), JOB_ID.key: status.job.id} for status in statuses]
        threads = [
            {"thread_id": status.thread_id, JOB_ID.key: status.job.id}
            for status in statuses
            if status.thread_id is not None
        ]

        def update_rows(connection: Connection) -> None:
            connection.execute(RAISE_COUNTERS_OF_NEWEST_ENTRY, counters)
            if threads:
                connection.execute(_UPDATE_JOB, threads)

        await self._database.run_transaction(update_rows)

    async def mark_requeued(self, job_id: str) -> bool:
        """Record that the job is about to be queued again; False if it was before, as that happens only once."""
        entry = build_queue_entry_row(job_id, REPEAT_ENTRY, self._clock())
        try:
            await self._database.run_transaction(lambda connection: connection.execute(_INSERT_QUEUE_ENTRY, entry))
        except IntegrityError:
            return False
        return True

    async def unmark_requeued(self, job_id: str) -> None:
        """Undo `mark_requeued`: the queue did not accept the job."""
        is_repeat = (queue_entries.c.job_id == job_id) & (queue_entries.c.entry_number == REPEAT_ENTRY)
        await self._database.run_transaction(
            lambda connection: connection.execute(delete(queue_entries).where(is_repeat))
        )

    async def _load_row(self, query: Select[Any], job_id: str) -> Row[Any] | None:
        return await self._database.run_transaction(
            lambda connection: connection.execute(query, {JOB_ID.key: job_id}).one_or_none()
        )

    def _get_price(self, model_key: str) -> int:
        return get_price(self._catalogue.models.get(model_key))

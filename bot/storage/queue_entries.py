"""Statements about the entries of jobs in the queue, one for each time that a job is queued."""

from typing import Final

from sqlalchemy import BindParameter, bindparam, case, func, select, update

from bot.storage.job_records import FIRST_ENTRY
from bot.storage.tables import jobs, queue_entries

JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id")

_ENTRIES: Final = queue_entries.alias()
_NEWEST_ENTRY_NUMBER: Final = (
    select(func.max(_ENTRIES.c.entry_number)).where(_ENTRIES.c.job_id == JOB_ID).scalar_subquery()
)
_NEWEST_ENTRY_NUMBER_OF_JOB: Final = (
    select(func.max(_ENTRIES.c.entry_number)).where(_ENTRIES.c.job_id == jobs.c.id).scalar_subquery()
)
IS_NEWEST_ENTRY_OF_JOB: Final = (queue_entries.c.job_id == jobs.c.id) & (
    queue_entries.c.entry_number == _NEWEST_ENTRY_NUMBER_OF_JOB
)
"""Joins the row of a job with its newest entry."""

_UPDATE_ENTRIES: Final = update(queue_entries).where(queue_entries.c.job_id == JOB_ID)
UPDATE_FIRST_ENTRY: Final = _UPDATE_ENTRIES.where(queue_entries.c.entry_number == FIRST_ENTRY)
_COUNTERS: Final = (queue_entries.c.claims, queue_entries.c.calls, queue_entries.c.unknown_calls)
_RAISED_COUNTERS: Final = {
    c: case((c < bindparam(f"new_{c.name}"), bindparam(f"new_{c.name}")), else_=c) for c in _COUNTERS
}
"""Counters only grow: an older file of Redis knows of fewer calls than were made."""

RAISE_COUNTERS_OF_FIRST_ENTRY: Final = UPDATE_FIRST_ENTRY.values(_RAISED_COUNTERS)
RAISE_COUNTERS_OF_NEWEST_ENTRY: Final = _UPDATE_ENTRIES.where(
    queue_entries.c.entry_number == _NEWEST_ENTRY_NUMBER
).values(_RAISED_COUNTERS)

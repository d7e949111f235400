"""Rows of the job tables to values of the domain, and back."""

import logging
from typing import Any, Final, assert_never

from sqlalchemy import Connection, Row, Select, select

from bot.domain.billing import count_billed_calls
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord, OpenJobRecord
from bot.domain.status import JobStatus
from bot.domain.unreadable import JobOwner
from bot.storage.tables import OPEN_STATES, RecordState, jobs, outcomes, source_images
from bot.storage.upsert import build_insert_unless_exists
from shared.catalogue import Model
from shared.job import Job, Origin, Requester
from shared.outcome import CANCELLED, Failed, Filtered, FilteredPart, Generated
from shared.prompts import build_search_text
from shared.request.bundles import is_bundle
from shared.unreadable import UnreadableRowLog

_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))

FIRST_ENTRY: Final = 1
REPEAT_ENTRY: Final = 2
"""The entry of a job that is queued again because the queue lost it, which happens at most once."""


def build_job_row(job: Job) -> dict[str, Any]:
    """Build the row of an accepted job; its `parent_job_id` is looked up when the row is inserted."""
    return {
        "id": job.id,
        "parent_job_id": job.parent_id,
        "search_text": build_search_text(job.request.text_prompts, *job.request.list_searched_texts()),
        "job_json": job.model_dump_json(),
        "model": job.request.model,
        "requester_id": job.requester.id,
        "guild_id": job.origin.guild_id,
        "channel_id": job.origin.channel_id,
        "status_message_id": job.origin.message_id,
        "state": RecordState.ACCEPTED,
        "accepted_at": job.accepted_at,
        "source_owner_id": job.source_owner_id,
    }


def build_source_columns(image: RemoteImage | StoredImage | None) -> dict[str, Any]:
    """Build the columns that say where the source image of a job is."""
    match image:
        case RemoteImage():
            return {
                "source_url": image.url,
                "source_size_bytes": image.size_bytes,
                "source_expires_at": image.expires_at,
            }
        case StoredImage():
            return {"source_sha256": image.sha256}
        case None:
            return {}


def insert_bundle(connection: Connection, image: RemoteImage | StoredImage | None, now: float) -> None:
    """Store the pictures of an edit, unless they are: unlike a source alone, they could not be downloaded again."""
    if isinstance(image, StoredImage) and is_bundle(image.data):
        row = {"sha256": image.sha256, "image": image.data, "last_used_at": now}
        connection.execute(build_insert_unless_exists(connection, source_images, row))


def build_queue_entry_row(job_id: str, entry_number: int, queued_at: float | None = None) -> dict[str, Any]:
    """Build a row with all counters at zero."""
    return {
        "job_id": job_id,
        "entry_number": entry_number,
        "queued_at": queued_at,
        "claims": 0,
        "calls": 0,
        "unknown_calls": 0,
    }


def build_counters(status: JobStatus) -> dict[str, Any]:
    """Return the counters of a job since it was last queued, which raise those of its queue entry."""
    return {"new_claims": status.claims, "new_calls": status.calls, "new_unknown_calls": status.unknown_calls}


def build_outcome_row(status: JobStatus, model: Model | None) -> dict[str, Any]:
    """Build the row of a job's outcome. An image counts as paid even if a filter then withheld it.

    https://aws.amazon.com/bedrock/pricing/ names a price for each generated image.
    """
    price = model.price_usd if model else None
    outcome = status.outcome
    row: dict[str, Any] = {"job_id": status.job.id, "kind": "unknown"}
    match outcome:
        case Generated():
            row |= {"seed": outcome.seed, "duration_seconds": outcome.duration_seconds, "cost_usd": price}
        case Filtered():
            cost = price if outcome.part is FilteredPart.OUTPUT else 0.0
            row |= {
                "filtered_part": outcome.part,
                "duration_seconds": outcome.duration_seconds,
                "cost_usd": cost,
            }
        case Failed():
            has_cost = count_billed_calls(outcome, status.unknown_calls) > 0
            row |= {"problem_code": outcome.problem.code, "cost_usd": None if has_cost else 0.0}
        case None:
            return row
        case _:
            assert_never(outcome)
    return row | {"kind": outcome.kind}


def select_job_records() -> Select[Any]:
    """Select jobs with the columns of their outcomes that `parse_job_record` reads."""
    return select(
        jobs,
        outcomes.c.kind,
        outcomes.c.seed,
        outcomes.c.duration_seconds,
        outcomes.c.cost_usd,
        outcomes.c.problem_code,
    ).outerjoin(outcomes, outcomes.c.job_id == jobs.c.id)


def parse_job_record(row: Row[Any]) -> JobRecord | None:
    """Parse a row of `select_job_records`; None if another release wrote a job that this one cannot read."""
    job = _parse_job(row)
    if job is None:
        return None
    return JobRecord(
        job=job,
        outcome_kind=row.kind,
        seed=row.seed,
        message=get_message_ref(row),
        finished_at=row.finished_at or row.accepted_at,
        source_sha256=row.source_sha256,
        is_deleted=row.deleted_at is not None,
        duration_seconds=row.duration_seconds,
        cost_usd=row.cost_usd,
        is_open=row.state in OPEN_STATES,
        is_cancelled=row.problem_code == CANCELLED,
        has_words=row.search_text is not None or bool(job.request.text_prompts),
    )


def parse_open_job_record(row: Row[Any]) -> OpenJobRecord:
    """Parse a row of `jobs` joined with its newest queue entry and its requester's language.

    The job of a row that this release cannot read is a substitute, to notify its requester.
    """
    job = _parse_job(row)
    return OpenJobRecord(
        job=job or build_owner(row).build_substitute_job(row.id),
        is_readable=job is not None,
        is_queued=row.state == RecordState.QUEUED,
        remote_image=RemoteImage(row.source_url, row.source_size_bytes) if row.source_url else None,
        upload_sha256=row.source_sha256,
        thread_id=row.thread_id,
        is_requeued=row.entry_number == REPEAT_ENTRY,
        claims=row.claims,
        calls=row.calls,
        unknown_calls=row.unknown_calls,
    )


def build_owner(row: Row[Any]) -> JobOwner:
    """Return whom to notify about a row of `jobs` joined with its requester's language, even if its job is unreadable.

    The columns do not tell everything: whether the channel is a thread is found out by posting there.
    """
    try:
        return JobOwner.model_validate_json(row.job_json)
    except ValueError:
        return JobOwner(
            requester=Requester(id=row.requester_id, name="", locale=row.language or "en-US"),
            origin=Origin(guild_id=row.guild_id, channel_id=row.channel_id, message_id=row.status_message_id),
            accepted_at=row.accepted_at,
        )


def get_message_ref(row: Row[Any]) -> MessageRef | None:
    """Return the message that shows the outcome of a row of `jobs`; None if no message does."""
    if row.outcome_channel_id is None:
        return None
    is_elsewhere = row.outcome_channel_id not in {row.channel_id, row.status_message_id, row.thread_id}
    job = None if is_elsewhere else _parse_job(row)
    is_private = is_elsewhere or (job is not None and job.origin.is_direct_message)
    return MessageRef(row.outcome_channel_id, row.outcome_message_id, is_private=is_private)


def _parse_job(row: Row[Any]) -> Job | None:
    try:
        return Job.model_validate_json(row.job_json)
    except ValueError as error:
        _unreadable_rows.report(f"the record of job {row.id}", error)
        return None

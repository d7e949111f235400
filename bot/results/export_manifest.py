"""The entries of an export's manifest."""

from datetime import UTC, datetime
from typing import Any

from bot.domain.records import JobRecord


def build_manifest_entry(record: JobRecord, filename: str | None, reason: str | None) -> dict[str, Any]:
    """Describe a job: its request, its outcome, and the file of its picture or else the reason why there is none."""
    job = record.job
    return {
        "job": job.id,
        "asked_at": _format_time(job.accepted_at),
        "finished_at": _format_time(record.finished_at),
        "server": str(job.origin.guild_id),
        "model": job.request.model,
        "request": job.request.model_dump(mode="json", exclude_none=True),
        "parent": job.parent_id,
        "outcome": record.outcome_kind,
        "seed": record.seed,
        "seconds": record.duration_seconds,
        "cost_usd": record.cost_usd,
        "deleted": record.is_deleted,
        "message": record.message.build_link(job.origin.guild_id) if record.message else None,
        "picture": filename,
        "without_picture": reason,
    }


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

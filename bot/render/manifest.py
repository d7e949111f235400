"""A person's history as data: what stands in the manifest of an export."""

from datetime import UTC, datetime
from typing import Any

from bot.ports import Past


def entry_of(past: Past, picture: str | None, why_not: str | None) -> dict[str, Any]:
    """Describe a job: what was asked, what came of it, where it stands. `picture` is its file, else `why_not` says."""
    job = past.job
    return {
        "job": job.id,
        "asked_at": _when(job.accepted_at),
        "finished_at": _when(past.finished_at),
        "server": str(job.place.guild),
        "model": job.request.model,
        "request": job.request.model_dump(mode="json", exclude_none=True),
        "parent": job.parent,
        "outcome": past.kind,
        "seed": past.seed,
        "seconds": past.seconds,
        "cost_usd": past.cost_usd,
        "deleted": past.deleted,
        "message": past.told.link(job.place.guild) if past.told else None,
        "picture": picture,
        "without_picture": why_not,
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

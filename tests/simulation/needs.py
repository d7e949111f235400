"""What so many people need, from the runs: memory of Redis, growth of the database, and dollars a month."""

from collections.abc import Mapping
from typing import Any, Final

from bot.queue.outcomes import DELIVERED_JOB_TTL_SECONDS
from shared.catalogue import Catalogue
from tests.simulation.assumptions import Assumptions

DATABASE_BYTES_A_JOB: Final = 3_800
"""Rows and indexes of a job in SQLite, without pictures: the file that `tests.benchmarks.million_rows` fills."""
_MONTHS: Final = 12
_DAYS: Final = 365


def estimate_needs(report: Mapping[str, Any], assumptions: Assumptions, catalogue: Catalogue) -> dict[str, float]:
    """Estimate needs from a report: the year's pictures by the drawn visits, the rest by the simulated hours."""
    batch_items = assumptions.servers * assumptions.batches_per_server_week * assumptions.batch_items * _DAYS / 7
    pictures = report["requests_a_year"] * assumptions.pictures_per_request + batch_items
    mix = assumptions.compute_model_mix()
    dollars = pictures * sum(share * catalogue.models[model].price_usd for model, share in mix.items())
    weeks = report["weeks"].values()
    kept = max((week["measured"]["bytes_a_delivered_job"] for week in weeks), default=0)
    waiting = max((week["measured"]["bytes_a_waiting_job"] or 0 for week in weeks), default=0)
    most_waiting = max((week["most_waiting"] for week in weeks), default=0)
    remembered = pictures / _DAYS * DELIVERED_JOB_TTL_SECONDS / 86400 * kept
    held = most_waiting * (waiting + assumptions.picture_share * assumptions.waiting_picture_bytes)
    return {
        "pictures_a_day": round(pictures / _DAYS),
        "dollars_a_month": round(dollars / _MONTHS),
        "redis_megabytes_of_delivered_jobs": round(remembered / 1e6, 1),
        "redis_megabytes_of_waiting_jobs": round(held / 1e6, 1),
        "database_megabytes_a_month": round(pictures / _MONTHS * DATABASE_BYTES_A_JOB / 1e6, 1),
    }

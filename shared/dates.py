"""Dates as the catalogue has them."""

from datetime import UTC, date, datetime


def get_today() -> date:
    """Return the date in UTC."""
    return datetime.now(UTC).date()

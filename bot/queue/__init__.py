"""The bot's side of Redis: submitting jobs, their status and outcomes, drafts, saved searches, and which bot leads."""

from shared.queue.telemetry import exclude_telemetry

with exclude_telemetry():  # before a module of this package imports it
    import redis  # noqa: F401

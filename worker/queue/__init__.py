"""The worker's side of Redis: claims and their leases, dead letters, and Celery's transport for tickets."""

from shared.queue.telemetry import exclude_telemetry

with exclude_telemetry():  # before a module of this package imports it
    import redis  # noqa: F401

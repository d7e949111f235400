"""Measuring the queue for the operator's metrics."""

import math

from bot.domain.queue_gauges import AccountModelState, ModelState, QueueGauges, QueueLength
from bot.queue.connection import QueueRedis, raise_queue_unavailable
from bot.queue.scripts import ScriptRunner
from shared.catalogue import Catalogue
from shared.queue.replies import ScriptReply


class MeasurementReply(ScriptReply):
    """Reply of measure_queue.lua."""

    queues: tuple[tuple[str, int, int, int], ...]
    models: tuple[tuple[str, bool, bool, int, int], ...]
    accounts: tuple[tuple[str, str, bool, bool], ...]
    open: int
    parked: int
    undelivered: int
    undelivered_ms: int
    oldest_normal_ms: int
    oldest_low_ms: int
    tickets: int
    dead_letters: int
    swept_ms_ago: int | None
    is_held: bool
    used_memory: int
    max_memory: int
    is_saved: bool


class RedisQueueMeasurement:
    """Measures the queue by one script, whose cost hardly grows with the number of jobs."""

    def __init__(self, redis: QueueRedis, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._scripts = ScriptRunner(redis, "measure_queue")

    async def measure(self) -> QueueGauges:
        """Measure the queue. Raises `QueueUnavailableError`."""
        with raise_queue_unavailable():
            reply = MeasurementReply.parse(await self._scripts.run("measure_queue", *self._catalogue.models))
        return QueueGauges(
            queues=[QueueLength(*row) for row in reply.queues],
            models=[ModelState(*row[:3], *(milliseconds / 1000 for milliseconds in row[3:])) for row in reply.models],
            accounts=[AccountModelState(*row) for row in reply.accounts],
            open_jobs=reply.open,
            parked_jobs=reply.parked,
            undelivered_outcomes=reply.undelivered,
            oldest_undelivered_seconds=reply.undelivered_ms / 1000,
            oldest_normal_seconds=reply.oldest_normal_ms / 1000,
            oldest_low_seconds=reply.oldest_low_ms / 1000,
            tickets=reply.tickets,
            dead_letters=reply.dead_letters,
            sweep_age_seconds=math.inf if reply.swept_ms_ago is None else reply.swept_ms_ago / 1000,
            is_held=reply.is_held,
            used_memory=reply.used_memory,
            max_memory=reply.max_memory,
            is_saved=reply.is_saved,
        )

"""Measuring the queue for the operator's metrics."""

import asyncio
import logging
import math
from typing import Final

from redis.exceptions import RedisError

from bot.domain.queue_gauges import AccountModelState, ModelState, QueueGauges, QueueLength
from bot.queue.connection import QueueRedis, raise_queue_unavailable
from bot.queue.scripts import ScriptRunner
from shared.catalogue import Catalogue
from shared.outage_log import OutageLog
from shared.queue.connection_errors import describe_redis_error
from shared.queue.replies import ScriptReply
from shared.queue.stages import Stage

BROKER_TIMEOUT_SECONDS: Final = 1.0
"""How long a broker that does not answer may delay the measurement of the queue, which is told without it."""

log = logging.getLogger(__name__)


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
    """Measures the queue by one script, whose cost hardly grows with the number of jobs.

    `broker` is where the tickets wait, if that is another Redis.
    """

    def __init__(self, redis: QueueRedis, catalogue: Catalogue, broker: QueueRedis | None = None) -> None:
        self._catalogue = catalogue
        self._broker = broker
        self._broker_outage = OutageLog(log, "tickets are counted")
        self._scripts = ScriptRunner(redis, "measure_queue")

    async def measure(self) -> QueueGauges:
        """Measure the queue; only the tickets are not told if their broker does not answer.

        Raises `QueueUnavailableError`.
        """
        with raise_queue_unavailable():
            reply = MeasurementReply.parse(await self._scripts.run("measure_queue", *self._catalogue.models))
        tickets = reply.tickets if self._broker is None else await self._count_tickets(self._broker)
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
            tickets=tickets,
            dead_letters=reply.dead_letters,
            sweep_age_seconds=math.inf if reply.swept_ms_ago is None else reply.swept_ms_ago / 1000,
            is_held=reply.is_held,
            used_memory=reply.used_memory,
            max_memory=reply.max_memory,
            is_saved=reply.is_saved,
        )

    async def _count_tickets(self, broker: QueueRedis) -> int | None:
        """Count the tickets of both stages at their broker; None if it does not answer."""
        try:
            async with asyncio.timeout(BROKER_TIMEOUT_SECONDS):
                counts = [await broker.llen(broker.names.ticket_list_key(stage)) for stage in Stage]
        except (RedisError, OSError) as error:
            self._broker_outage.report_failure(f"Celery's broker: {describe_redis_error(error)}")
            return None
        self._broker_outage.report_success()
        return sum(counts)

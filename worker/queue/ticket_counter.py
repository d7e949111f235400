"""Counting the tickets that wait in a broker of its own, for the sweep, which sends those that are missing."""

import logging
from typing import Final

from pydantic import SecretStr
from redis.exceptions import RedisError

from shared.outage_log import OutageLog
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.stages import Stage
from worker.queue.connection import connect_to_redis

log = logging.getLogger(__name__)

COUNTED_BY_SWEEP: Final = -1
"""Tickets wait beside the jobs, where the sweep counts them by itself."""


class TicketCounter:
    """Counts the tickets of a stage in the Redis of CELERY_BROKER_URL; without that address, the sweep does."""

    def __init__(self, broker_url: SecretStr | None = None, names: KeyNames = DEFAULT_KEYS) -> None:
        self._broker = connect_to_redis(broker_url.get_secret_value(), names) if broker_url else None
        self._outage = OutageLog(log, "tickets are counted")

    def count_tickets(self, stage: Stage) -> int:
        """Count the tickets that wait. While the broker does not answer, there are none: sending will fail, too."""
        if self._broker is None:
            return COUNTED_BY_SWEEP
        try:
            count = self._broker.llen(self._broker.names.ticket_list_key(stage))
        except RedisError as error:
            self._outage.report_failure(f"Celery's broker: {describe_redis_error(error)}")
            return 0
        self._outage.report_success()
        return int(count)

    def close(self) -> None:
        """Close the connections to the broker."""
        if self._broker:
            self._broker.close()

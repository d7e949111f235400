"""Readings of the queue, of the ledger and of connections, for the operator's metrics and for probes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bot.cached_reading import CachedReading
from bot.domain.budgets import Budget
from bot.queue.connection import QueueRedis
from bot.queue.error_counting import count_connections, count_redis_errors
from bot.queue.measurement import RedisQueueMeasurement
from bot.storage.backup_log import SqlBackupLog
from bot.storage.session import Database
from bot.storage.spending import SqlSpendingReader
from shared.catalogue import Catalogue

QUEUE_READING_SECONDS: Final = 2.0
SPENDING_READING_SECONDS: Final = 30.0
READING_TIMEOUT_SECONDS: Final = 3.0
"""Less than the time limits of the probes and of a scrape, 5 and 10 s."""


class Readings:
    """What can be read about Redis and the database, each time anew or once in a few seconds."""

    def __init__(
        self,
        redis: QueueRedis,
        broker: QueueRedis | None,
        database: Database,
        catalogue: Catalogue,
        bot_budgets: Sequence[Budget],
    ) -> None:
        self._redis = redis
        self._database = database
        self.queue = CachedReading(
            RedisQueueMeasurement(redis, catalogue, broker).measure,
            max_age_seconds=QUEUE_READING_SECONDS,
            timeout_seconds=READING_TIMEOUT_SECONDS,
        )
        self.spending = CachedReading(
            SqlSpendingReader(database, bot_budgets).load_spending,
            max_age_seconds=SPENDING_READING_SECONDS,
            timeout_seconds=READING_TIMEOUT_SECONDS,
        )
        self.last_backup = CachedReading(
            SqlBackupLog(database).load_last_backup,
            max_age_seconds=SPENDING_READING_SECONDS,
            timeout_seconds=READING_TIMEOUT_SECONDS,
        )

    def count_redis_errors(self, count: Callable[[str], None]) -> None:
        """Call `count` with the kind of each error of Redis from now on."""
        count_redis_errors(self._redis, count)

    def count_connections(self) -> Mapping[str, tuple[int, int]]:
        """Count the connections in use and the idle ones of each pool, by its name."""
        return {"redis": count_connections(self._redis), "database": self._database.count_connections()}

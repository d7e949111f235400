"""How long many calls of models take, by how fast those models were lately called."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from bot.queue.connection import QueueRedis, translate_redis_errors
from shared.catalogue import Catalogue

_PACE_FIELDS: Final = ("concurrency", "interval_ms")


@dataclass(frozen=True)
class RedisCallPaces:
    """Reads how many calls of a model run at once, how close together they start, and how long they took lately."""

    redis: QueueRedis
    catalogue: Catalogue

    async def estimate_seconds(self, counts: Mapping[str, int]) -> float:
        """Estimate how long so many calls of each model take, if nobody else waits.

        Raises `RejectedError` (queue_unavailable).
        """
        pipeline = self.redis.pipeline(transaction=False)
        for model in counts:
            pipeline.hmget(self.redis.names.pace_key(model), *_PACE_FIELDS)
            pipeline.lrange(self.redis.names.call_durations_key(model), 0, -1)
        with translate_redis_errors():
            replies = cast("Sequence[Sequence[bytes | None]]", await pipeline.execute()) if counts else ()
        times = [
            self._estimate_model(model, count, _read_numbers(pace), _read_numbers(durations))
            for (model, count), pace, durations in zip(counts.items(), replies[::2], replies[1::2], strict=True)
        ]
        return max(times, default=0.0)

    def _estimate_model(self, model: str, count: int, pace: Sequence[float], durations: Sequence[float]) -> float:
        """Estimate the rounds of as many calls as run at once, and the intervals between their starts."""
        concurrency, interval_ms = pace
        row = self.catalogue.models.get(model)
        typical = row.typical_seconds if row is not None else 0.0
        call_seconds = sum(durations) / len(durations) / 1000 if durations else typical
        rounds = math.ceil(count / max(1.0, concurrency))
        return max(rounds * call_seconds, (count - 1) * interval_ms / 1000 + call_seconds)


def _read_numbers(values: Sequence[bytes | None]) -> list[float]:
    return [float(value or 0) for value in values]

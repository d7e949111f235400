"""How long many calls of models take, by how fast those models were lately called."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from bot.queue.connection import QueueRedis, translate_redis_errors
from shared.accounts import DEFAULT_ACCOUNT
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
        if not counts:
            return 0.0
        pipeline = self.redis.pipeline(transaction=False)
        with translate_redis_errors():
            members = cast("Sequence[bytes]", await self.redis.zrange(self.redis.names.accounts, 0, -1))
            accounts = [member.decode() for member in members] or [DEFAULT_ACCOUNT]
            for model in counts:
                pipeline.lrange(self.redis.names.call_durations_key(model), 0, -1)
                for account in accounts:
                    pipeline.hmget(self.redis.names.pace_key(model, account), *_PACE_FIELDS)
            replies = iter(cast("Sequence[Sequence[bytes | None]]", await pipeline.execute()))
        times = []
        for model, count in counts.items():
            durations = _read_numbers(next(replies))
            times.append(
                self._estimate_model(model, count, durations, [_read_numbers(next(replies)) for _ in accounts])
            )
        return max(times)

    def _estimate_model(
        self, model: str, count: int, durations: Sequence[float], paces: Sequence[Sequence[float]]
    ) -> float:
        """Estimate the rounds of as many calls as run at once in all accounts, and the intervals between starts."""
        concurrency = sum(pace[0] for pace in paces)
        has_interval = all(pace[1] for pace in paces)
        interval_ms = 1 / sum(1 / pace[1] for pace in paces) if has_interval else 0.0
        row = self.catalogue.models.get(model)
        typical = row.typical_seconds if row is not None else 0.0
        call_seconds = sum(durations) / len(durations) / 1000 if durations else typical
        rounds = math.ceil(count / max(1.0, concurrency))
        return max(rounds * call_seconds, (count - 1) * interval_ms / 1000 + call_seconds)


def _read_numbers(values: Sequence[bytes | None]) -> list[float]:
    return [float(value or 0) for value in values]

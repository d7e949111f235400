"""Keeps the catalogue's offer up to date with the models that AWS refuses to run, as the workers have found."""

from dataclasses import dataclass

from bot.queue.connection import QueueRedis, raise_queue_unavailable
from shared.catalogue import Catalogue


@dataclass(frozen=True)
class WithdrawnModels:
    """Takes models off the catalogue's offer while no job is accepted for them."""

    redis: QueueRedis
    catalogue: Catalogue

    async def update_offer(self) -> None:
        """Read which models are disabled. Raises `QueueUnavailableError`."""
        keys = tuple(self.catalogue.models)
        with raise_queue_unavailable():
            problems = await self.redis.mget([self.redis.names.disabled_model_key(key) for key in keys])
        self.catalogue.set_withdrawn(key for key, problem in zip(keys, problems, strict=True) if problem is not None)

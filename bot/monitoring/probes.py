"""The probes of the bot's health."""

from collections.abc import Sequence

from bot.delivery.consumer import OutcomeConsumer
from bot.discord_client.client import Bot
from bot.health import Probe
from bot.services import Services


def build_probes(services: Services, bot: Bot, consumer: OutcomeConsumer) -> Sequence[Probe]:
    """Build the probes. A bot without a partition delivers nothing, and is in order all the same."""
    s = services

    async def is_gateway_alive() -> bool:
        return bot.is_receiving()

    async def is_redis_answering() -> bool:
        return s.leader_lock.is_answered()

    async def is_database_writable() -> bool:
        await s.database.probe_write()
        return True

    async def is_delivering() -> bool:
        return not s.delivery_partitions.tenures or consumer.is_reading()

    async def is_swept() -> bool:
        return (await s.readings.queue.load()).has_worker

    return (
        Probe("gateway", "Discord's gateway", is_gateway_alive),
        Probe("redis", "Redis", is_redis_answering),
        Probe("database", "the database", is_database_writable),
        Probe("delivery", "delivery", is_delivering),
        Probe("workers", "workers", is_swept, for_heartbeat=False),
    )

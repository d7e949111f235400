"""Redis pauses the queues that the database says are paused, whatever it lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis

from bot.domain.guild_settings import GuildQueueState, GuildSettings
from bot.queue.connection import QueueRedis
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.epoch import RedisQueueEpoch
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.paused_guilds import RedisPausedGuilds
from bot.recovery.epoch import EpochKeeper
from bot.recovery.paused_queues import PausedQueues
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.queue_epoch import SqlEpochStore
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.queue.keys import DEFAULT_KEYS
from tests.support.redis_queue import send_no_ticket
from tests.support.restored_jobs import make_restored_jobs
from worker.queue.connection import connect_to_redis as connect_worker

PAUSED = GuildSettings(queue_state=GuildQueueState.PAUSED)
PAUSED_GUILDS = f"{DEFAULT_KEYS.prefix}paused_guilds"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect_worker(redis_url) as client:
        yield client


@pytest.fixture
async def bot_client(redis_url: str) -> AsyncIterator[QueueRedis]:
    client = connect_bot(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def guild_settings(database: Database) -> SqlGuildSettingsStore:
    return SqlGuildSettingsStore(database)


@pytest.fixture
def paused_queues(guild_settings: SqlGuildSettingsStore, bot_client: QueueRedis) -> PausedQueues:
    return PausedQueues(guild_settings, RedisPausedGuilds(bot_client))


async def test_redis_follows_the_database(
    guild_settings: SqlGuildSettingsStore, paused_queues: PausedQueues, client: redis.Redis
) -> None:
    for guild_id in (1, 2):
        await guild_settings.change_settings(guild_id, 9, GuildSettings(), PAUSED)
    client.sadd(PAUSED_GUILDS, "guild-3")
    await paused_queues.update()
    assert client.smembers(PAUSED_GUILDS) == {b"guild-1", b"guild-2"}

    await guild_settings.change_settings(1, 9, PAUSED, GuildSettings())
    await paused_queues.update()

    assert client.smembers(PAUSED_GUILDS) == {b"guild-2"}


async def test_queues_are_paused_before_calls_may_start_in_a_redis_that_was_emptied(
    guild_settings: SqlGuildSettingsStore,
    paused_queues: PausedQueues,
    database: Database,
    catalogue: Catalogue,
    bot_client: QueueRedis,
    client: redis.Redis,
) -> None:
    paused_at_confirmation: list[Any] = []

    class ObservedEpoch(RedisQueueEpoch):
        async def confirm_epoch(self, number: int) -> None:
            paused_at_confirmation.append(client.smembers(PAUSED_GUILDS))
            await super().confirm_epoch(number)

    async def requeue_nothing() -> None: ...

    client.flushall()
    await guild_settings.change_settings(1, 9, GuildSettings(), PAUSED)
    queue = BotJobQueue(bot_client, catalogue=catalogue, build_ticket=send_no_ticket)
    epoch = ObservedEpoch(bot_client)

    restored_jobs = make_restored_jobs(database, epoch, queue, catalogue)
    keeper = EpochKeeper(epoch, queue, SqlEpochStore(database), paused_queues.update, requeue_nothing, restored_jobs)
    await keeper.run_once()

    assert paused_at_confirmation == [{b"guild-1"}]


async def test_an_update_that_began_earlier_does_not_undo_a_later_one(
    bot_client: QueueRedis, client: redis.Redis
) -> None:
    states = iter([([1], 0.1), ([], 0.0)])

    class SlowSettings:
        async def list_paused_guilds(self) -> list[int]:
            paused, seconds = next(states)
            await asyncio.sleep(seconds)
            return paused

    slow_settings: Any = SlowSettings()
    paused_queues = PausedQueues(slow_settings, RedisPausedGuilds(bot_client))
    await asyncio.gather(paused_queues.update(), paused_queues.update())

    assert client.smembers(PAUSED_GUILDS) == set()

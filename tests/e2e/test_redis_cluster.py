"""A cluster whose keys lie in one slot holds the queue, from the command to the posted picture."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.startup import check_redis
from demo.first_picture import wait_until_ready
from demo.stack import Stack, run_stack
from shared.queue.server_mode import UnsupportedServerError
from tests.support.redis_cluster import RedisCluster, run_cluster
from tests.support.user import DiscordUser, list_media, wait_until
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.startup import wait_for_redis

PREFIX = "{pentimento}:"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    with run_cluster("pentimento") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cluster: RedisCluster) -> Iterator[Stack]:
    """A stack whose REDIS_URL names the node that does not hold the keys."""
    with run_stack(
        tmp_path_factory.mktemp("cluster"),
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.1"),
        settings={"REDIS_URL": cluster.other.url, "REDIS_KEY_PREFIX": PREFIX},
    ) as opened:
        wait_until_ready(opened)
        yield opened


def test_jobs_are_answered_and_no_command_leaves_the_slot(stack: Stack, cluster: RedisCluster) -> None:
    ada = DiscordUser(stack)
    jobs = [ada.submit_imagine(f"castle {number}") for number in range(3)]
    jobs.append(ada.submit_imagine("a lighthouse", image=None))

    for job in jobs:
        assert len(list_media(ada.wait_for_result(job))) == 1
    with redis.Redis(port=cluster.owner.port) as owner, redis.Redis(port=cluster.other.port) as other:
        wait_until(lambda: not owner.zcard(f"{PREFIX}open_jobs"), "all outcomes delivered")
        size: Any = owner.dbsize()
        assert owner.execute_command("CLUSTER COUNTKEYSINSLOT", cluster.slot) == size > 0
        assert other.dbsize() == 0
    logs = "".join(stack.processes[name].log.read_text() for name in ("bot", "worker"))
    assert "Redis refuses" not in logs


async def test_neither_half_starts_on_a_cluster_without_a_hash_tag(cluster: RedisCluster) -> None:
    advice = r"Set REDIS_KEY_PREFIX to \{pentimento\}:, or use a single server\."
    bot = connect_bot(cluster.owner.url)
    with pytest.raises(UnsupportedServerError, match=advice):
        await check_redis(bot)
    await bot.aclose()
    with connect_worker(cluster.owner.url) as worker, pytest.raises(UnsupportedServerError, match=advice):
        wait_for_redis(worker)

"""Connections of both halves follow a slot of a cluster to the node that holds it now, and return when that is gone."""

from typing import Any

import pytest
import redis
from redis.exceptions import RedisError

from bot.queue.connection import connect_to_redis as connect_bot
from shared.queue.keys import KeyNames
from tests.support.redis_cluster import RedisCluster, run_cluster
from worker.queue.connection import connect_to_redis as connect_worker

NAMES = KeyNames("{pentimento}:")


def move_slot(cluster: RedisCluster) -> None:
    """Give the slot, which is empty, to the other node."""
    with redis.Redis(port=cluster.owner.port) as owner, redis.Redis(port=cluster.other.port) as other:
        ask: Any = other.execute_command
        node_id = ask("CLUSTER MYID")
        for client in (other, owner):
            client.execute_command("CLUSTER SETSLOT", cluster.slot, "NODE", node_id)


async def test_connections_follow_a_slot_and_begin_again_where_redis_url_leads() -> None:
    with run_cluster("pentimento") as cluster:
        bot = connect_bot(cluster.owner.url, NAMES)
        with connect_worker(cluster.owner.url, NAMES) as worker:
            await bot.set(NAMES.leader, 1)
            worker.delete(NAMES.leader)

            move_slot(cluster)
            await bot.set(NAMES.leader, 2)
            assert worker.get(NAMES.leader) == b"2"
            with redis.Redis(port=cluster.other.port) as other:
                assert other.dbsize() == 1

            cluster.other.stop()
            with pytest.raises(RedisError):
                await bot.get(NAMES.leader)
            with pytest.raises(RedisError):
                worker.get(NAMES.leader)
            assert await bot.ping()  # which needs no slot: the node of the address answers
            assert worker.ping()
        await bot.aclose()

"""A real cluster of two nodes, each with one half of the slots."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from demo.redis import RedisServer, find_free_port
from tests.support.user import wait_until

SLOTS = 16384
BUS_PORT_OFFSET = 10_000
"""https://redis.io/docs/latest/operate/oss_and_stack/management/scaling/#redis-cluster-tcp-ports"""


@dataclass(frozen=True)
class RedisCluster:
    """The nodes, and the slot in which the keys of a hash tag lie."""

    nodes: tuple[RedisServer, RedisServer]
    slot: int

    @property
    def owner(self) -> RedisServer:
        return self.nodes[self.slot // (SLOTS // 2)]

    @property
    def other(self) -> RedisServer:
        return self.nodes[1 - self.slot // (SLOTS // 2)]


@contextlib.contextmanager
def run_cluster(hash_tag: str) -> Iterator[RedisCluster]:
    """Run the two nodes until they agree on who has which slot."""
    with tempfile.TemporaryDirectory(prefix="pentimento-cluster-") as folder, contextlib.ExitStack() as stack:
        nodes = tuple(
            RedisServer(Path(folder) / str(number), "--cluster-enabled", "yes", port=_find_port()) for number in (1, 2)
        )
        clients = []
        for number, node in enumerate(nodes):
            node.start()
            stack.callback(node.stop)
            client = stack.enter_context(redis.Redis(port=node.port))
            clients.append(client)
            first = number * SLOTS // 2
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            client.execute_command("CLUSTER ADDSLOTS", *range(first, first + SLOTS // 2))
        clients[0].execute_command("CLUSTER MEET", "127.0.0.1", nodes[1].port)
        for client in clients:
            wait_until(lambda client=client: _is_whole(client), "a cluster that is whole")  # type: ignore[misc]
        slot: Any = clients[0].execute_command("CLUSTER KEYSLOT", hash_tag)
        yield RedisCluster((nodes[0], nodes[1]), slot)


def _find_port() -> int:
    """Find a port beside which there is one for the bus of the cluster."""
    while True:
        port = find_free_port()
        if port + BUS_PORT_OFFSET <= 65535:
            return port


def _is_whole(client: redis.Redis) -> bool:
    read: Any = client.execute_command
    state = read("CLUSTER INFO")
    return bool(state["cluster_state"] == "ok" and state["cluster_known_nodes"] == "2")

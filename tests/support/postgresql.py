"""A PostgreSQL server on a Unix socket, or an address too, from Debian's package where it is installed."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNPRIVILEGED_USER = "nobody"
SKIP_REASON = "no PostgreSQL server was found in /usr/lib/postgresql/*/bin; Debian's package postgresql brings one"


def find_binaries() -> Path | None:
    """Find the programs of the newest installed server."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name), default=None)


class PostgreSQLServer:
    """A server with its data in a folder. It refuses to run as root, so it then runs as `nobody`."""

    def __init__(self, binaries: Path, folder: Path, address: str = "") -> None:
        self._binaries = binaries
        self._address = address
        self._folder = folder
        run_as: dict[str, Any] = {"user": UNPRIVILEGED_USER} if os.geteuid() == 0 else {}
        if run_as:
            shutil.chown(folder, UNPRIVILEGED_USER)
        self._options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **run_as}
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://tester@/postgres?host={folder}"

    def initialise(self) -> None:
        """Create the data."""
        options = ("-D", str(self._folder / "data"), "-A", "trust", "-U", "tester", "--no-sync", "-E", "UTF8")
        subprocess.run([self._binaries / "initdb", *options], check=True, timeout=60, **self._options)
        if self._address:
            with (self._folder / "data/pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {self._address}/24 trust\n")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = ("-D", str(self._folder / "data"), "-k", str(self._folder), "-h", self._address, "-F")
        self._server = subprocess.Popen([self._binaries / "postgres", *options], **self._options)
        ready = [self._binaries / "pg_isready", "-h", str(self._folder), "-t", "20", "-q"]
        for _ in range(200):
            if subprocess.run([*map(str, ready)], check=False, timeout=30).returncode == 0:
                break
            assert self._server.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the server; SIGQUIT ends it without a checkpoint, as a crash does."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=60)
            self._server = None


@contextmanager
def open_postgresql(binaries: Path, address: str = "") -> Iterator[PostgreSQLServer]:
    """Run a server that the caller may stop and start again."""
    folder = Path(tempfile.mkdtemp(prefix="pentimento-pg-"))
    try:
        server = PostgreSQLServer(binaries, folder, address)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGINT)  # without waiting for clients whose network was cut
    finally:
        shutil.rmtree(folder)


@contextmanager
def run_postgresql(binaries: Path) -> Iterator[str]:
    """Run a server and yield the URL of its database."""
    with open_postgresql(binaries) as server:
        yield server.url

"""A PostgreSQL server on a Unix socket, from Debian's package where it is installed."""

import os
import shutil
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


@contextmanager
def run_postgresql(binaries: Path) -> Iterator[str]:
    """Run a server and yield the URL of its database. It refuses to run as root, so it then runs as `nobody`."""
    run_as: dict[str, Any] = {"user": UNPRIVILEGED_USER} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pentimento-pg-"))
    if run_as:
        shutil.chown(folder, UNPRIVILEGED_USER)
    data = folder / "data"
    options: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **run_as}
    try:
        initdb = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "tester", "--no-sync", "-E", "UTF8"]
        subprocess.run(initdb, check=True, timeout=60, **options)
        start = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), "-h", "", "-F"]
        with subprocess.Popen(start, **options) as server:
            try:
                ready = [str(binaries / "pg_isready"), "-h", str(folder), "-t", "20", "-q"]
                for _ in range(200):
                    if subprocess.run(ready, check=False, timeout=30).returncode == 0:
                        break
                    assert server.poll() is None
                yield f"postgresql://tester@/postgres?host={folder}"
            finally:
                server.terminate()
    finally:
        shutil.rmtree(folder)

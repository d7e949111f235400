"""A PgBouncer of our own that pools transactions, from Debian's package where it is installed."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo.redis import find_free_port, is_port_free
from tests.support.postgresql import UNPRIVILEGED_USER

SKIP_REASON = "no pgbouncer was found; Debian's package pgbouncer brings one"
PASSWORD = "b0uncer-planted-password"
START_SECONDS = 20

CONFIGURATION = """
[databases]
records = host={folder} port=5432 user=tester dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = 2
logfile = {log}
"""


def find_pgbouncer() -> str | None:
    """Find the program, which Debian puts where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def run_pgbouncer(program: str, server_folder: str) -> Iterator[str]:
    """Run it in front of the server whose socket is in `server_folder`; gives the address of its database."""
    somebody: dict[str, Any] = {"user": UNPRIVILEGED_USER} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pentimento-pgbouncer-"))
    port, users, configuration = find_free_port(), folder / "users", folder / "pgbouncer.ini"
    users.write_text(f'"ada" "{PASSWORD}"\n', encoding="utf-8")
    text = CONFIGURATION.format(folder=server_folder, port=port, users=users, log=folder / "pgbouncer.log")
    configuration.write_text(text, encoding="utf-8")
    if somebody:
        for path in (folder, users, configuration):
            shutil.chown(path, UNPRIVILEGED_USER)
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **somebody}
    with subprocess.Popen([program, str(configuration)], **quiet) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while is_port_free(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"postgresql://ada:{PASSWORD}@127.0.0.1:{port}/records"
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            shutil.rmtree(folder)

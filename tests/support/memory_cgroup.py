"""A control group with little memory: if its processes exceed it, the kernel kills one of them and no other process.

https://docs.kernel.org/admin-guide/cgroup-v2.html#memory, and cgroup-v1/memory.html for machines that still use v1.
"""

import contextlib
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.user import wait_until

CGROUPS = Path("/sys/fs/cgroup")
PANIC_ON_OOM = Path("/proc/sys/vm/panic_on_oom")


@dataclass(frozen=True)
class MemoryCgroup:
    """A control group; a process joins by writing its id to `procs_file`."""

    folder: Path
    events_file: str

    @property
    def procs_file(self) -> Path:
        return self.folder / "cgroup.procs"

    def count_oom_kills(self) -> int:
        """Count the processes of the group that the kernel killed when it ran out of memory."""
        counts = dict(line.split() for line in (self.folder / self.events_file).read_text().splitlines())
        return int(counts["oom_kill"])


@contextlib.contextmanager
def create_memory_cgroup(limit: int) -> Iterator[MemoryCgroup]:
    """Create a group of at most `limit` bytes without swap. Its processes must have ended when the block ends.

    Skips the test, with the reason, if the machine does not permit it.
    """
    if not PANIC_ON_OOM.exists() or PANIC_ON_OOM.read_text().strip() == "2":
        pytest.skip("the kernel does not kill single processes when it runs out of memory")
    v2 = (CGROUPS / "cgroup.controllers").exists()
    folder = (CGROUPS if v2 else CGROUPS / "memory") / f"pentimento-{uuid.uuid4().hex}"
    group = MemoryCgroup(folder, "memory.events" if v2 else "memory.oom_control")
    most, swap = ("memory.max", "memory.swap.max") if v2 else ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be created here: {error}")
    try:
        if not (folder / most).exists():
            pytest.skip("control groups have no memory limit here")
        try:
            (folder / most).write_text(str(limit))
            if (folder / swap).exists():
                (folder / swap).write_text("0" if v2 else str(limit))
            subprocess.run(["sh", "-c", f"echo $$ > {group.procs_file}"], check=True, capture_output=True)  # noqa: S607
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a control group cannot be used here: {error}")
        yield group
    finally:
        wait_until(lambda: not group.procs_file.read_text(), "a group whose processes have ended")
        folder.rmdir()

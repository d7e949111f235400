"""A control group with little memory: where its processes take more, the kernel kills one of them, and no other.

https://docs.kernel.org/admin-guide/cgroup-v2.html#memory, and cgroup-v1/memory.html for machines that still have that.
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
    """A group; a process joins by writing its id into `processes`."""

    folder: Path
    events_file: str

    @property
    def procs_file(self) -> Path:
        return self.folder / "cgroup.procs"

    def count_oom_kills(self) -> int:
        """Count the processes of the group that the kernel killed for want of memory."""
        counts = dict(line.split() for line in (self.folder / self.events_file).read_text().splitlines())
        return int(counts["oom_kill"])


@contextlib.contextmanager
def create_memory_cgroup(limit: int) -> Iterator[MemoryCgroup]:
    """Make a group of at most `limit` bytes, without swap; whoever joined has to end before it does.

    Skips with the reason where the machine allows none.
    """
    if not PANIC_ON_OOM.exists() or PANIC_ON_OOM.read_text().strip() == "2":
        pytest.skip("the kernel is none that kills a single process for want of memory")
    v2 = (CGROUPS / "cgroup.controllers").exists()
    folder = (CGROUPS if v2 else CGROUPS / "memory") / f"pentimento-{uuid.uuid4().hex}"
    group = MemoryCgroup(folder, "memory.events" if v2 else "memory.oom_control")
    most, swap = ("memory.max", "memory.swap.max") if v2 else ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        if not (folder / most).exists():
            pytest.skip("control groups have no bound on memory here")
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

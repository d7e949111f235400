"""What the C library says of its own arenas."""

import platform
import subprocess
import sys

import pytest

from demo.processes import ROOT

ARENAS = """
import ctypes, sys, tempfile, threading
from worker.memory import one_arena
if sys.argv[1] == "bounded":
    one_arena()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
together = threading.Barrier(4)
def allocate():
    together.wait()
    libc.malloc(5000)
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(file.read().count(b"<heap nr="))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone tells of its arenas")
def test_threads_share_one_arena_where_they_had_one_each() -> None:
    def arenas(how: str) -> int:
        command = [sys.executable, "-c", ARENAS, how]
        return int(subprocess.run(command, cwd=ROOT, env={}, capture_output=True, check=True, timeout=20).stdout)

    assert arenas("bounded") == 1
    assert arenas("unbounded") > 1

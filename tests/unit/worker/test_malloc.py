"""The C library's own report of its arenas, and the system's count of page faults."""

import platform
import subprocess
import sys

import pytest

from demo.processes import ROOT

ARENAS_SCRIPT = """
import ctypes, sys, tempfile, threading
from worker.malloc import tune_malloc
if sys.argv[1] == "tuned":
    tune_malloc()
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

PAGE_FAULTS_SCRIPT = """
import ctypes, resource, sys
from worker.malloc import tune_malloc
if sys.argv[1] == "tuned":
    tune_malloc()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def work():
    blocks = [libc.malloc(10 << 20) for _ in range(4)]
    for block in blocks:
        ctypes.memset(block, 1, 10 << 20)
    for block in blocks:
        libc.free(block)
for _ in range(3): work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3): work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run_script(script: str, mode: str) -> int:
    command = [sys.executable, "-c", script, mode]
    return int(subprocess.run(command, cwd=ROOT, env={}, capture_output=True, check=True, timeout=20).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc reports its arenas")
def test_threads_share_one_arena() -> None:
    assert run_script(ARENAS_SCRIPT, "tuned") == 1
    assert run_script(ARENAS_SCRIPT, "untuned") > 1


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other rules for freed memory")
def test_the_memory_of_a_picture_is_kept_for_the_next() -> None:
    assert run_script(PAGE_FAULTS_SCRIPT, "tuned") * 4 < run_script(PAGE_FAULTS_SCRIPT, "untuned")

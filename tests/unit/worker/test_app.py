"""What the worker's app learns from the machine that it runs on."""

import os
import sys

import pytest

from worker.app import count_usable_cores


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit the cores of a process")
def test_the_cores_that_linux_allows_this_process_are_counted() -> None:
    assert count_usable_cores() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("cores", "usable"), [(8, 8), (None, 1)])
def test_without_such_limits_all_cores_count(monkeypatch: pytest.MonkeyPatch, cores: int | None, usable: int) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    assert count_usable_cores() == usable

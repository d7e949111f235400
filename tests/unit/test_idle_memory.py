"""What a bot or a worker has in memory before anybody asks for anything."""

import subprocess
import sys

import pytest

from shared.queue.scripts import list_scripts, load_script

LOADED = "import sys; {start}; print([name for name in {names} if name in sys.modules])"
MEASURED = """
import os
from pydantic import BaseModel
from tests.benchmarks.measurements import read_peak_mib
class Warm(BaseModel): number: int
before = read_peak_mib(os.getpid())
import shared.models
print(read_peak_mib(os.getpid()) - before)
"""


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize(
    ("start", "names"),
    [
        pytest.param(
            "import worker.__main__, worker.app",
            (
                *("boto3", "multiprocessing.managers", "opentelemetry", "prometheus_client"),
                *("worker.cli.generate", "worker.doctor.command"),
            ),
            id="worker",
        ),
        pytest.param("import worker.__main__", ("celery",), id="worker that has not yet checked AWS's configuration"),
        pytest.param(
            "import bot.__main__",
            (
                *("alembic", "boto3", "celery", "kombu", "opentelemetry", "prometheus_client"),
                "sqlalchemy.dialects.postgresql",
            ),
            id="bot",
        ),
    ],
)
def test_packages_that_an_idle_process_does_not_use_are_not_loaded(start: str, names: tuple[str, ...]) -> None:
    assert run(LOADED.format(start=start, names=names)) == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_rows_of_the_catalogue_take_little_memory() -> None:
    assert 0 < float(run(MEASURED)) < 3  # MiB; a pattern in Rust's engine took 4


def test_scripts_are_ascii() -> None:
    """Python stores a text with any character beyond Latin-1 with two bytes for each."""
    assert [name for name in list_scripts() if not load_script(name).isascii()] == []

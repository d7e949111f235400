"""Running commands as a person at a terminal does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.worker.conftest import BedrockStandIn

CommandRunner = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.linear_gradient("L").convert("RGB").resize((320, 240)).save(path)
    return path


@pytest.fixture
def run_command(tmp_path: Path, bedrock: BedrockStandIn) -> CommandRunner:
    """Run a command in an empty folder, where no `.env` is read."""

    def run_process(*arguments: str | Path, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        assert bedrock.list_calls() == []
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        command = [sys.executable, "-m", "worker", *map(str, arguments)]
        return subprocess.run(
            command, input=stdin, capture_output=True, cwd=tmp_path, env=environment, timeout=30, check=False
        )

    return run_process


@pytest.fixture
def working_directory(tmp_path: Path, bedrock: BedrockStandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the same folder the working directory of this process."""
    assert bedrock.list_calls() == []
    monkeypatch.chdir(tmp_path)
    return tmp_path

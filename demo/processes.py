"""The demo's child processes, each with its own log file."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from demo import DemoError

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 20.0


class ProcessExitedError(DemoError):
    """A process that should keep running has exited."""


class Process:
    """A Python child process; its output goes to `<folder>/<name>.log`."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.log.write_bytes(b"")
        self._first_line: queue.Queue[str] = queue.Queue()
        with self.log.open("ab") as errors:
            self._child = self.start_child(arguments, folder, {**environment, "PYTHONPATH": str(ROOT)}, errors)
        self._reader = threading.Thread(target=self._copy_output, name=f"{name}-output", daemon=True)
        self._reader.start()

    @staticmethod
    def start_child(
        arguments: Sequence[str], folder: Path, environment: Mapping[str, str], errors: IO[bytes]
    ) -> "subprocess.Popen[str]":
        """Start an interpreter in the folder."""
        return subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            env={**environment},
            cwd=folder,  # not the current folder, which may contain a `.env` with the user's own credentials
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def wait_for_report(self) -> dict[str, Any]:
        """Wait for the JSON object in the first line of output. Raises `ProcessExitedError` with the end of the log."""
        try:
            line = self._first_line.get(timeout=START_SECONDS)
            report: dict[str, Any] = json.loads(line)
        except (queue.Empty, ValueError):
            raise ProcessExitedError(self.describe_exit()) from None
        return report

    def check_running(self) -> None:
        """Raise `ProcessExitedError` if the process has ended."""
        if not self.is_running:
            raise ProcessExitedError(self.describe_exit())

    def describe_exit(self) -> str:
        """Describe how the process ended, with the last lines of its log."""
        log_end = self.log.read_text()[-1500:]
        return f"{self.name} exited unexpectedly (exit code {self._child.poll()}). {self.log} ends:\n{log_end}"

    def stop(self) -> int:
        """Terminate the process, kill it if it does not exit in time, and return its exit code."""
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(2)
        return self._child.returncode

    def _copy_output(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 - Popen was given a pipe
        with self._child.stdout as output, self.log.open("a") as log:
            for line in output:
                self._first_line.put(line)
                log.write(line)
                log.flush()
        self._first_line.put("")


def build_clean_environment() -> dict[str, str]:
    """Return this process's environment without variables that could lead a child to the user's own accounts."""
    excluded = ("AWS_", "DISCORD_", "CATALOGUE_FILE", "BEDROCK_")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(excluded) and not name.upper().endswith("_PROXY")  # all addresses are loopback's
    }

"""Waiting for what a process logs."""

from demo.processes import Process
from tests.support.user import TIMEOUT_SECONDS, wait_until


def wait_for_log(process: Process, text: str, seconds: float = TIMEOUT_SECONDS) -> None:
    """Wait until a process has logged this text. Raises `ProcessExitedError` if it ends without."""

    def look() -> bool:
        is_running = process.is_running  # asked first: what it logs before its end counts
        if text in process.log.read_text():
            return True
        if not is_running:
            process.check_running()
        return False

    wait_until(look, f"{text!r} in the log of {process.name}", seconds)

"""Reads the HTTP endpoints of a running bot or worker whose HTTP_ADDRESS has the port 0."""

import json
import re
import urllib.error
import urllib.request

from demo.processes import Process
from tests.support.user import wait_until

TIMEOUT_SECONDS = 15.0


def find_monitoring_url(process: Process) -> str:
    """Wait until a process listens, and return its URL from its log."""
    pattern = re.compile(r"are told on (http://\S+)")
    wait_until(lambda: pattern.search(process.log.read_text()), f"a {process.name} that listens")
    *_, latest = pattern.finditer(process.log.read_text())
    return latest[1]


def fetch_page(url: str) -> tuple[int, str]:
    """Fetch a page: its status and its text."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - loopback
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def list_failing_checks(url: str) -> list[str]:
    """List the checks of /readyz that fail."""
    status, text = fetch_page(f"{url}/readyz")
    checks: dict[str, str] = json.loads(text)["checks"]
    failing = [name for name, state in checks.items() if state != "ok"]
    assert status == (503 if failing else 200)
    return failing

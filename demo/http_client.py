"""A small HTTP client for the stand-ins: JSON over loopback."""

import json
import urllib.error
import urllib.request
from typing import Any

from demo import DemoError

TIMEOUT_SECONDS = 20.0


class StandInResponseError(DemoError):
    """A stand-in responded with an error; the message is the response body."""


def request_json(method: str, url: str, body: Any = None) -> Any:
    """Send a request and return the JSON response. Raises `StandInResponseError` for a status of 400 or above."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - loopback
            return json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        raise StandInResponseError(error.read().decode(errors="replace")) from error


def download_bytes(url: str) -> bytes:
    """Return the bytes at a URL."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - loopback
        content: bytes = response.read()
    return content

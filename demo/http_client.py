"""JSON over HTTP on loopback, for asking the stand-ins."""

import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 20.0


class StandInResponseError(Exception):
    """A stand-in answered with an error; the text is its own."""


def request_json(method: str, url: str, body: Any = None) -> Any:
    """Send a request and read the JSON answer. Raises `StandInResponseError` for a status of 400 and above."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise StandInResponseError(error.read().decode(errors="replace")) from error


def download_bytes(url: str) -> bytes:
    """Fetch the bytes at an address."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - loopback
        content: bytes = answer.read()
    return content

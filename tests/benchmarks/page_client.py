"""People at the Discord stand-in's page: they click, and one of them sees, with the time, everything that happens."""

import contextlib
import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from demo.http_client import request_json

TIMEOUT_SECONDS = 60.0
Event = Mapping[str, Any]


class PageClient:
    """The chat page of one user. `events` are the received events, each with the `time.perf_counter` of its arrival."""

    def __init__(self, discord_url: str, channel: str, user: str = "ada") -> None:
        self.url, self.channel = discord_url, channel
        self.events: list[tuple[float, Event]] = []
        self._new_event = threading.Condition()
        self._stream = http.client.HTTPConnection(urlsplit(discord_url).netloc)
        self._stream.request("GET", f"/client/events?user={user}")
        self._socket = self._stream.sock
        self._response = self._stream.getresponse()
        self._response.readline()
        self._listener = threading.Thread(target=self._listen, name="onlooker", daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # which ends the listener's read
        self._listener.join()
        self._stream.close()

    def upload(self, data: bytes, name: str, user: str = "ada") -> str:
        """Attach a file to the command that is being written; the answer is its id."""
        body, kind = encode_multipart({}, name, data)
        there = http.client.HTTPConnection(urlsplit(self.url).netloc)
        there.request("POST", f"/client/attachments?user={user}", body, {"Content-Type": kind})
        stored = json.loads(there.getresponse().read())
        there.close()
        return str(stored["id"])

    def invoke_imagine(self, command: str, prompt: str, image: str | None = None, user: str = "ada") -> str:
        """Send `/imagine`; the answer is the job's id."""
        options = [{"name": "prompt", "value": prompt}]
        options += [{"name": "image", "value": image}] if image else []
        asked = {"type": 2, "channel_id": self.channel, "data": {"id": command, "options": options}}
        job: str = request_json("POST", f"{self.url}/client/interactions?user={user}", asked)["interaction_id"]
        return job

    def find_command_id(self) -> str:
        """Name the id of `/imagine`, once the bot is online and has registered it."""
        for _ in range(int(TIMEOUT_SECONDS * 10)):
            state = request_json("GET", f"{self.url}/control/state")
            offered = request_json("GET", f"{self.url}/client/bootstrap?user=ada")["commands"].values()
            found = [command["id"] for commands in offered for command in commands if command["name"] == "imagine"]
            if found and any(session["connected"] for session in state["sessions"]):
                return str(found[0])
            time.sleep(0.1)
        raise TimeoutError("no bot came online with /imagine")

    def wait_for_event(self, condition: Callable[[Event], bool], seconds: float = TIMEOUT_SECONDS) -> float:
        """Wait for an event, or find it among those seen; the answer is when it came."""
        looked, end = 0, time.monotonic() + seconds
        with self._new_event:
            while True:
                for at, event in self.events[looked:]:
                    if condition(event):
                        return at
                looked = len(self.events)
                if not self._new_event.wait(end - time.monotonic()):
                    raise TimeoutError(f"not seen within {seconds:g} s")

    def _listen(self) -> None:
        with contextlib.suppress(ConnectionError):
            for line in iter(self._response.readline, b""):
                at = time.perf_counter()
                if line.startswith(b"data: "):
                    with self._new_event:
                        self.events.append((at, json.loads(line[6:])))
                        self._new_event.notify_all()


def is_acknowledgement_of(job: str) -> Callable[[Event], bool]:
    """Tell the first message under a command."""
    return lambda event: event["t"] == "MESSAGE_CREATE" and (event["d"].get("interaction") or {}).get("id") == job


def is_result_of(job: str) -> Callable[[Event], bool]:
    """Tell the answer to a job."""
    return lambda event: event["t"] == "MESSAGE_CREATE" and str(event["d"].get("nonce")) == job


def encode_multipart(payload: Mapping[str, Any], name: str, data: bytes) -> tuple[bytes, str]:
    """Write a multipart form with one file by hand, and its content type."""
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="'
    parts = (
        [f'{head}payload_json"\r\nContent-Type: application/json\r\n\r\n{json.dumps(payload)}\r\n'] if payload else []
    )
    field = "files[0]" if payload else "file"
    parts.append(f'{head}{field}"; filename="{name}"\r\nContent-Type: image/png\r\n\r\n')
    return "".join(parts).encode() + data + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"

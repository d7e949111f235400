"""A person at the Discord stand-in, and patience."""

import base64
import json
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from demo.__main__ import SAMPLE
from demo.first_picture import words_of
from demo.house import House
from demo.web import call

PATIENCE = 40.0
LOADING = 128
T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Look until there is something to see."""
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"not seen within {seconds:.0f} s: {what}")


@dataclass(frozen=True)
class Asker:
    """A person at the stand-in: asks, and looks at what is answered."""

    house: House
    user: str = "ada"

    def ask(self, prompt: str, *, image: Path | None = SAMPLE, channel: str | None = None, **options: Any) -> str:
        """Use /imagine; the answer is the job's id."""
        files = (
            {"image": {"filename": image.name, "base64": base64.b64encode(image.read_bytes()).decode()}}
            if image
            else {}
        )
        return self.use("imagine", channel or self.house.channel, files, prompt=prompt, **options)

    def use(self, name: str, channel: str, files: dict[str, Any] | None = None, /, **options: Any) -> str:
        """Use a slash command; the answer is the interaction's id."""
        asked = {"user": self.user, "channel_id": channel, "name": name, "options": options, "files": files or {}}
        used: str = self.post("/control/invoke", asked)["interaction_id"]
        return used

    def status(self, job: str) -> dict[str, Any]:
        """Look at the message under the command."""
        seen = self.get(f"/control/interactions/{job}").get("message")
        return until(lambda: seen or self.get(f"/control/interactions/{job}").get("message"), "the status message")

    def answer(self, job: str) -> dict[str, Any]:
        """Wait for the one message in the job's thread."""

        def look() -> dict[str, Any] | None:
            thread = (self.status(job).get("thread") or {}).get("id")
            posted = self.messages(thread) if thread else []
            return posted[0] if posted else None

        return until(look, f"an answer in the thread of job {job}")

    def press(self, message: dict[str, Any], verb: str, more: str = "") -> str:
        """Press the button of this verb under a message; the answer is the interaction's id."""
        return self.choose(
            message, next(i for i in custom_ids(message) if i.split(":")[0] == verb and i.endswith(more))
        )

    def fields(self, opened: str) -> dict[str, Any]:
        """Wait for the form that an interaction opened, and give what it is filled in with; chosen values are lists."""
        look = f"/control/interactions/{opened}"
        form = until(lambda: self.get(look).get("modal"), "the form")
        boxes = [part["component"] for part in form["components"]]
        return {box["custom_id"]: _filled_in(box) for box in boxes}

    def offered(self, typed: str, option: str, channel: str) -> list[dict[str, Any]]:
        """Look at what is offered for an option of /imagine while it is being typed."""
        asked = {"user": self.user, "channel_id": channel, "name": "imagine", "focused": option}
        choices: list[dict[str, Any]] = self.post("/control/autocomplete", asked | {"options": {option: typed}})[
            "choices"
        ]
        return choices

    def shown(self, command: str, channel: str | None = None) -> dict[str, Any]:
        """Use a command without options; the answer is the message that came of it, as soon as it shows something."""
        used = self.use(command, channel or self.house.channel)
        return until(lambda: seen if (seen := self.status(used))["components"] else None, f"an answer to /{command}")

    def choose(self, message: dict[str, Any], written: str, *values: str) -> str:
        """Press the button, or choose in the select, of this custom id; the answer is the interaction's id."""
        used = {"user": self.user, "message_id": message["id"], "custom_id": written, "values": list(values)}
        pressed: str = self.post("/control/press", used)["interaction_id"]
        return pressed

    def use_on(self, message: dict[str, Any], name: str) -> str:
        """Use a command of the menu of a message; the answer is the interaction's id."""
        used = {"user": self.user, "name": name, "channel_id": message["channel_id"], "target_id": message["id"]}
        opened: str = self.post("/control/invoke", used)["interaction_id"]
        return opened

    def share(self, name: str, data: bytes) -> dict[str, Any]:
        """Post a message with this file as a person does."""
        apart = uuid.uuid4().hex
        fields = (
            (b'name="payload_json"', b'{"attachments": [{"id": 0}]}'),
            (f'name="files[0]"; filename="{name}"'.encode(), data),
        )
        lines = [b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (apart.encode(), *f) for f in fields]
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.house.discord_url}/client/channels/{self.house.channel}/messages?user={self.user}",
            b"".join([*lines, f"--{apart}--\r\n".encode()]),
            {"Content-Type": f"multipart/form-data; boundary={apart}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
            shared: dict[str, Any] = json.loads(answer.read())
        return shared

    def submit(self, opened: str, **values: Any) -> str:
        """Fill in the form that an interaction opened, and send it; the answer is the new interaction's id."""
        until(lambda: self.get(f"/control/interactions/{opened}").get("modal"), "the form")
        filled = {"user": self.user, "interaction_id_of_modal": opened, "values": values}
        sent: str = self.post("/control/submit", filled)["interaction_id"]
        return sent

    def answer_here(self, job: str) -> dict[str, Any]:
        """Wait for the answer to a job that was asked for inside the thread where it is told."""
        channel = self.get(f"/control/interactions/{job}")["channel_id"]

        def look() -> dict[str, Any] | None:
            return next((m for m in self.messages(channel) if f"delete:{job}" in custom_ids(m)), None)

        return until(look, f"an answer to job {job} where it was asked for")

    def written_down(self, job: str) -> None:
        """Wait until a picture is in the records: the last edit of its status message comes after that."""
        until(lambda: self.status(job)["content"].startswith("Done"), f"the last edit about job {job}")

    def private_words(self, job: str) -> str:
        """Wait for the words that only the asker sees."""
        return "\n".join(words_of(self.private(job)))

    def private(self, job: str) -> dict[str, Any]:
        """Wait for the message that only the asker sees."""

        def look() -> dict[str, Any] | None:
            interaction = self.get(f"/control/interactions/{job}")
            told = [interaction.get("message"), *interaction.get("followups", [])]
            return next((m for m in told if m and m["flags"] & 64 and not m["flags"] & LOADING), None)

        return until(look, f"private words for {job}")

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """List what the bot posted in a channel, oldest first."""
        posted: list[dict[str, Any]] = self.get(f"/client/channels/{channel}/messages?user={self.user}")
        return [m for m in posted if m["author"].get("bot") and m["type"] in {0, 19, 20}]

    def get(self, path: str) -> Any:
        return call("GET", self.house.discord_url + path)

    def put(self, path: str, body: Any) -> Any:
        return call("PUT", self.house.discord_url + path, body)

    def delete(self, path: str) -> Any:
        return call("DELETE", self.house.discord_url + path)

    def post(self, path: str, body: Any) -> Any:
        return call("POST", self.house.discord_url + path, body)


def _filled_in(box: dict[str, Any]) -> Any:
    if "options" in box:
        return [option["value"] for option in box["options"] if option.get("default")]
    return box.get("value") or ""


def custom_ids(message: dict[str, Any]) -> list[str]:
    """List the custom ids of a message's buttons and selects."""
    return [component["custom_id"] for component in usable(message)]


def usable(message: dict[str, Any]) -> list[dict[str, Any]]:
    """List a message's buttons and selects."""
    return list(_usable(message.get("components", [])))


def _usable(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        if "custom_id" in component:
            yield component
        yield from _usable([*component.get("components", []), *filter(None, [component.get("accessory")])])


def media_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """List the pictures of a message's galleries."""
    return list(_media(message.get("components", [])))


def _media(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield from component.get("items", [])
        yield from _media(component.get("components", []))

"""A person at the Discord stand-in, and patience."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from demo.__main__ import SAMPLE
from demo.first_picture import words_of
from demo.house import House
from demo.web import call

PATIENCE = 40.0
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
        asked = {
            "user": self.user,
            "channel_id": channel or self.house.channel,
            "name": "imagine",
            "options": {"prompt": prompt, **options},
            "files": files,
        }
        job: str = self.post("/control/invoke", asked)["interaction_id"]
        return job

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
        written = next(i for i in custom_ids(message) if i.split(":")[0] == verb and i.endswith(more))
        asked = {"user": self.user, "message_id": message["id"], "custom_id": written}
        pressed: str = self.post("/control/press", asked)["interaction_id"]
        return pressed

    def answer_here(self, job: str) -> dict[str, Any]:
        """Wait for the answer to a job that was asked for inside the thread where it is told."""
        channel = self.get(f"/control/interactions/{job}")["channel_id"]

        def look() -> dict[str, Any] | None:
            return next((m for m in self.messages(channel) if f"again:{job}" in custom_ids(m)), None)

        return until(look, f"an answer to job {job} where it was asked for")

    def private_words(self, job: str) -> str:
        """Wait for the words that only the asker sees."""

        def look() -> str | None:
            interaction = self.get(f"/control/interactions/{job}")
            told = [interaction.get("message"), *interaction.get("followups", [])]
            return next(("\n".join(words_of(m)) for m in told if m and m["flags"] & 64), None)

        return until(look, f"private words for {job}")

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """List what the bot posted in a channel, oldest first."""
        posted: list[dict[str, Any]] = self.get(f"/client/channels/{channel}/messages?user={self.user}")
        return [m for m in posted if m["author"].get("bot") and m["type"] in {0, 19, 20}]

    def get(self, path: str) -> Any:
        return call("GET", self.house.discord_url + path)

    def put(self, path: str, body: Any) -> Any:
        return call("PUT", self.house.discord_url + path, body)

    def post(self, path: str, body: Any) -> Any:
        return call("POST", self.house.discord_url + path, body)


def custom_ids(message: dict[str, Any]) -> list[str]:
    """List the custom ids of a message's buttons and selects."""
    return list(_custom_ids(message.get("components", [])))


def _custom_ids(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        if "custom_id" in component:
            yield component["custom_id"]
        yield from _custom_ids(component.get("components", []))


def media_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """List the pictures of a message's galleries."""
    return list(_media(message.get("components", [])))


def _media(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield from component.get("items", [])
        yield from _media(component.get("components", []))

"""The first `/imagine`: ask as a user would, wait for the thread, download what it shows."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from demo.house import House
from demo.web import call, download

READY_SECONDS = 60.0
PICTURE_SECONDS = 180.0
NOT_READY = "The bot did not come online in time. Its log says why: {log}"


class NoPictureError(Exception):
    """The request ended without a picture; the text is what the user was told."""


@dataclass(frozen=True)
class FirstPicture:
    """What came of it. `file` is the picture downloaded from the thread, `seconds` from asking to seeing it."""

    job: str
    seed: int
    model: str
    thread: str
    file: str
    seconds: float

    def as_json(self) -> str:
        return json.dumps(self.__dict__)


def wait_until_ready(house: House) -> None:
    """Wait until the bot is online; it has registered its commands by then. Raises `NoPictureError`."""
    patience = time.monotonic() + READY_SECONDS
    while time.monotonic() < patience:
        house.check()
        state = call("GET", f"{house.discord_url}/control/state")
        if any(session["connected"] for session in state["sessions"]):
            return
        time.sleep(0.1)
    raise NoPictureError(NOT_READY.format(log=house.processes["bot"].log))


def make_first_picture(house: House, image: Path | None, prompt: str, model: str | None, folder: Path) -> FirstPicture:
    """Run one `/imagine` in the house's channel. Raises `NoPictureError` with the words the user saw."""
    options = {"prompt": prompt} | ({"model": model} if model else {})
    files = (
        {"image": {"filename": image.name, "base64": base64.b64encode(image.read_bytes()).decode()}} if image else {}
    )
    asked = {"user": "ada", "channel_id": house.channel, "name": "imagine", "options": options, "files": files}
    started = time.monotonic()
    job = call("POST", f"{house.discord_url}/control/invoke", asked)["interaction_id"]
    while time.monotonic() < started + PICTURE_SECONDS:
        house.check()
        interaction = call("GET", f"{house.discord_url}/control/interactions/{job}")
        message = interaction.get("message") or {}
        thread: str | None = (message.get("thread") or {}).get("id")
        told = [*interaction.get("followups", []), message]
        private = [m for m in told if m and m.get("flags", 0) & 64]
        if private:
            raise NoPictureError("\n".join(words_of(private[0])))
        if interaction.get("failed"):
            raise NoPictureError("The application did not respond.")
        answer = next(_answers(house, thread), None) if thread else None
        picture = next(_pictures_in(answer["components"]), None) if answer else None
        if thread and picture:
            file = _download(picture, folder)
            made = json.loads(Image.open(file).info.get("pentimento", "{}"))
            seconds = round(time.monotonic() - started, 2)
            return FirstPicture(job, made["seed"], made["model"], thread, str(file), seconds)
        if answer:
            raise NoPictureError("\n".join(words_of(answer)))
        time.sleep(0.1)
    raise NoPictureError("No picture came in time.")


def words_of(message: dict[str, Any]) -> Iterator[str]:
    """Give every text that a message shows, plain or in components."""
    if message.get("content"):
        yield message["content"]
    yield from _words_in(message.get("components", []))


def _words_in(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        if component.get("content"):
            yield component["content"]
        yield from _words_in(component.get("components", []))


def _answers(house: House, thread: str) -> Iterator[dict[str, Any]]:
    bot = call("GET", f"{house.discord_url}/client/bootstrap?user=ada")["application"]["bot"]["id"]
    for message in call("GET", f"{house.discord_url}/client/channels/{thread}/messages?user=ada"):
        if message["author"]["id"] == bot and message["type"] in {0, 19}:
            yield message


def _pictures_in(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        for item in component.get("items", []):
            yield item["media"]["url"]
        yield from _pictures_in(component.get("components", []))


def _download(url: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / Path(urlsplit(url).path).name
    file.write_bytes(download(url))
    return file.resolve()

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

from demo.http_client import download_bytes, request_json
from demo.stack import Stack

READY_SECONDS = 60.0
PICTURE_SECONDS = 180.0
BOT_NOT_READY = "The bot did not come online in time. Its log says why: {log}"


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


def wait_until_ready(stack: Stack) -> None:
    """Wait until the bot is online; it has registered its commands by then. Raises `NoPictureError`."""
    patience = time.monotonic() + READY_SECONDS
    while time.monotonic() < patience:
        stack.check_running()
        state = request_json("GET", f"{stack.discord_url}/control/state")
        if any(session["connected"] for session in state["sessions"]):
            return
        time.sleep(0.1)
    raise NoPictureError(BOT_NOT_READY.format(log=stack.processes["bot"].log))


def make_first_picture(stack: Stack, image: Path | None, prompt: str, model: str | None, folder: Path) -> FirstPicture:
    """Run one `/imagine` in the house's channel. Raises `NoPictureError` with the words the user saw."""
    options = {"prompt": prompt} | ({"model": model} if model else {})
    files = (
        {"image": {"filename": image.name, "base64": base64.b64encode(image.read_bytes()).decode()}} if image else {}
    )
    asked = {"user": "ada", "channel_id": stack.channel_id, "name": "imagine", "options": options, "files": files}
    started = time.monotonic()
    job = request_json("POST", f"{stack.discord_url}/control/invoke", asked)["interaction_id"]
    while time.monotonic() < started + PICTURE_SECONDS:
        stack.check_running()
        interaction = request_json("GET", f"{stack.discord_url}/control/interactions/{job}")
        message = interaction.get("message") or {}
        thread: str | None = (message.get("thread") or {}).get("id")
        told = [*interaction.get("followups", []), message]
        private = [m for m in told if m and m.get("flags", 0) & 64]
        if private:
            raise NoPictureError("\n".join(iter_message_texts(private[0])))
        if interaction.get("failed"):
            raise NoPictureError("The application did not respond.")
        answer = next(_iter_bot_messages(stack, thread), None) if thread else None
        picture = next(_iter_picture_urls(answer["components"]), None) if answer else None
        if thread and picture:
            file = _download_picture(picture, folder)
            made = json.loads(Image.open(file).info.get("pentimento", "{}"))
            seconds = round(time.monotonic() - started, 2)
            return FirstPicture(job, made["seed"], made["model"], thread, str(file), seconds)
        if answer:
            raise NoPictureError("\n".join(iter_message_texts(answer)))
        time.sleep(0.1)
    raise NoPictureError("The picture did not arrive in time.")


def iter_message_texts(message: dict[str, Any]) -> Iterator[str]:
    """Give every text that a message shows, plain or in components."""
    if message.get("content"):
        yield message["content"]
    yield from _iter_component_texts(message.get("components", []))


def _iter_component_texts(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        if component.get("content"):
            yield component["content"]
        yield from _iter_component_texts(component.get("components", []))


def _iter_bot_messages(stack: Stack, thread: str) -> Iterator[dict[str, Any]]:
    bot = request_json("GET", f"{stack.discord_url}/client/bootstrap?user=ada")["application"]["bot"]["id"]
    for message in request_json("GET", f"{stack.discord_url}/client/channels/{thread}/messages?user=ada"):
        if message["author"]["id"] == bot and message["type"] in {0, 19}:
            yield message


def _iter_picture_urls(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        for item in component.get("items", []):
            yield item["media"]["url"]
        yield from _iter_picture_urls(component.get("components", []))


def _download_picture(url: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / Path(urlsplit(url).path).name
    file.write_bytes(download_bytes(url))
    return file.resolve()

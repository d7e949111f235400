"""The first `/imagine`: use the command as a user would, wait for the result in its thread, download the image."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from demo import DemoError
from demo.http_client import download_bytes, request_json
from demo.stack import Stack

READY_SECONDS = 60.0
RESULT_SECONDS = 180.0
BOT_NOT_READY = "The bot did not come online in time. Its log says why: {log}"


class NoPictureError(DemoError):
    """The request ended without an image; the message is the text that the user saw."""


@dataclass(frozen=True)
class FirstPicture:
    """The result. `file` is the image downloaded from the thread; `seconds` is the time from command to result."""

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
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        stack.check_running()
        state = request_json("GET", f"{stack.discord_url}/control/state")
        if any(session["connected"] for session in state["sessions"]):
            return
        time.sleep(0.1)
    raise NoPictureError(BOT_NOT_READY.format(log=stack.processes["bot"].log))


def make_first_picture(stack: Stack, image: Path | None, prompt: str, model: str | None, folder: Path) -> FirstPicture:
    """Run one `/imagine`, or `/sdxl`, in the first channel. Raises `NoPictureError` with the text that the user saw."""
    command = "sdxl" if model == "sdxl" else "imagine"
    options = {"prompt": prompt} | ({"model": model} if model and command == "imagine" else {})
    files = (
        {"image": {"filename": image.name, "base64": base64.b64encode(image.read_bytes()).decode()}} if image else {}
    )
    body = {"user": "ada", "channel_id": stack.channel_id, "name": command, "options": options, "files": files}
    started = time.monotonic()
    job = request_json("POST", f"{stack.discord_url}/control/invoke", body)["interaction_id"]
    while time.monotonic() < started + RESULT_SECONDS:
        stack.check_running()
        interaction = request_json("GET", f"{stack.discord_url}/control/interactions/{job}")
        message = interaction.get("message") or {}
        thread: str | None = (message.get("thread") or {}).get("id")
        replies = [*interaction.get("followups", []), message]
        private = [m for m in replies if m and m.get("flags", 0) & 64]
        if private:
            raise NoPictureError("\n".join(iter_message_texts(private[0])))
        if interaction.get("failed"):
            raise NoPictureError("The application did not respond.")
        result = next(_iter_bot_messages(stack, thread), None) if thread else None
        image_url = next(_iter_image_urls(result["components"]), None) if result else None
        if thread and image_url:
            file = _download_image(image_url, folder)
            parameters = json.loads(Image.open(file).info.get("pentimento", "{}"))
            seconds = round(time.monotonic() - started, 2)
            return FirstPicture(job, parameters["seed"], parameters["model"], thread, str(file), seconds)
        if result:
            raise NoPictureError("\n".join(iter_message_texts(result)))
        time.sleep(0.1)
    raise NoPictureError("The result did not arrive in time.")


def iter_message_texts(message: dict[str, Any]) -> Iterator[str]:
    """Yield every text of a message, from its content and its components."""
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


def _iter_image_urls(components: list[dict[str, Any]]) -> Iterator[str]:
    for component in components:
        for item in component.get("items", []):
            yield item["media"]["url"]
        yield from _iter_image_urls(component.get("components", []))


def _download_image(url: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / Path(urlsplit(url).path).name
    file.write_bytes(download_bytes(url))
    return file.resolve()

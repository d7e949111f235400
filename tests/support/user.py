"""A user of the Discord stand-in, for end-to-end tests."""

import base64
import json
import re
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import request_json
from demo.stack import Stack
from tests.support.message_text import read_text

TIMEOUT_SECONDS = 40.0
LOADING_FLAG = 128
T = TypeVar("T")


def wait_until(condition: Callable[[], T | None], description: str, seconds: float = TIMEOUT_SECONDS) -> T:
    """Poll the condition until it is true, and return its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not seen within {seconds:.0f} s: {description}")


@dataclass(frozen=True)
class DiscordUser:
    """A user of the stand-in: uses commands and components, and reads the responses."""

    stack: Stack
    name: str = "ada"

    def submit_imagine(
        self,
        prompt: str,
        *,
        image: Path | None = SAMPLE_IMAGE,
        channel: str | None = None,
        command: str = "imagine",
        **options: Any,
    ) -> str:
        """Use /imagine; return the job's id."""
        files = {"image": encode_file(image.name, image.read_bytes())} if image else {}
        return self.invoke_command(command, channel or self.stack.channel_id, files, prompt=prompt, **options)

    def submit_sdxl(self, prompt: str, **options: Any) -> str:
        """Use /sdxl; return the job's id."""
        return self.submit_imagine(prompt, command="sdxl", **options)

    def invoke_command(self, name: str, channel: str, files: dict[str, Any] | None = None, /, **options: Any) -> str:
        """Use a slash command; return the interaction's id."""
        asked = {"user": self.name, "channel_id": channel, "name": name, "options": options, "files": files or {}}
        used: str = self.post("/control/invoke", asked)["interaction_id"]
        return used

    def wait_for_status(self, job: str) -> dict[str, Any]:
        """Wait for the status message below the command."""
        seen = self.get(f"/control/interactions/{job}").get("message")
        return wait_until(lambda: seen or self.get(f"/control/interactions/{job}").get("message"), "the status message")

    def read_status(self, job: str) -> str:
        """Read the text of the status message, which may have become a preview."""
        return read_text(self.wait_for_status(job))

    def wait_for_result(self, job: str) -> dict[str, Any]:
        """Wait for the first message in the job's thread, or for the status message that shows the outcome itself."""

        def look() -> dict[str, Any] | None:
            status = self.wait_for_status(job)
            if {f"delete:{job}", f"more:{job}"} & {*list_custom_ids(status)}:
                return status
            thread = (status.get("thread") or {}).get("id")
            posted = self.list_messages(thread) if thread else []
            return posted[0] if posted else None

        return wait_until(look, f"a result in the thread of job {job}")

    def press_button(self, message: dict[str, Any], action: str, argument: str = "") -> str:
        """Press the button of this action, in the menu of rarer actions if it is there; return the interaction's id."""

        def find(shown: dict[str, Any], wanted: str) -> str | None:
            return next((i for i in list_custom_ids(shown) if i.split(":")[0] == wanted and i.endswith(argument)), None)

        custom_id = find(message, action)
        if custom_id is None and action != "more":
            message = self.wait_for_private_message(self.press_button(message, "more"))
            custom_id = find(message, action) or find(message, f"menu_{action}")
        assert custom_id is not None, f"a button to {action}"
        return self.use_component(message, custom_id)

    def read_modal_fields(self, interaction_id: str) -> dict[str, Any]:
        """Wait for the form that an interaction opened; return its initial values, lists for selects."""
        look = f"/control/interactions/{interaction_id}"
        form = wait_until(lambda: self.get(look).get("modal"), "the form")
        boxes = [part["component"] for part in form["components"] if "component" in part]
        return {box["custom_id"]: _read_field(box) for box in boxes}

    def autocomplete_option(
        self, text: str, option: str, channel: str, command: str = "imagine"
    ) -> list[dict[str, Any]]:
        """Return the choices for an option of a command while `text` is typed."""
        asked = {"user": self.name, "channel_id": channel, "name": command, "focused": option}
        choices: list[dict[str, Any]] = self.post("/control/autocomplete", asked | {"options": {option: text}})[
            "choices"
        ]
        return choices

    def invoke_and_wait(self, command: str, channel: str | None = None) -> dict[str, Any]:
        """Use a command without options; return its response as soon as it has content."""
        used = self.invoke_command(command, channel or self.stack.channel_id)
        return wait_until(
            lambda: seen if (seen := self.wait_for_status(used))["components"] else None, f"an answer to /{command}"
        )

    def use_component(self, message: dict[str, Any], custom_id: str, *values: str) -> str:
        """Press the button or choose from the select menu with this custom id; return the interaction's id."""
        used = {"user": self.name, "message_id": message["id"], "custom_id": custom_id, "values": list(values)}
        pressed: str = self.post("/control/press", used)["interaction_id"]
        return pressed

    def use_forged_component(self, message: dict[str, Any], custom_id: str) -> str:
        """Press a button that the message has no longer, as an outdated client may; return the interaction's id."""
        used = {"user": self.name, "message_id": message["id"], "custom_id": custom_id, "forged": True}
        pressed: str = self.post("/control/press", used)["interaction_id"]
        return pressed

    def invoke_message_command(self, message: dict[str, Any], name: str) -> str:
        """Use a message command; return the interaction's id."""
        used = {"user": self.name, "name": name, "channel_id": message["channel_id"], "target_id": message["id"]}
        opened: str = self.post("/control/invoke", used)["interaction_id"]
        return opened

    def post_file(self, name: str, data: bytes) -> dict[str, Any]:
        """Post a message with this file as the user."""
        boundary = uuid.uuid4().hex
        fields = (
            (b'name="payload_json"', b'{"attachments": [{"id": 0}]}'),
            (f'name="files[0]"; filename="{name}"'.encode(), data),
        )
        lines = [b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (boundary.encode(), *f) for f in fields]
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.stack.discord_url}/client/channels/{self.stack.channel_id}/messages?user={self.name}",
            b"".join([*lines, f"--{boundary}--\r\n".encode()]),
            {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
            shared: dict[str, Any] = json.loads(answer.read())
        return shared

    def submit_modal(self, opened: str, **values: Any) -> str:
        """Submit the form that an interaction opened; return the new interaction's id."""
        wait_until(lambda: self.get(f"/control/interactions/{opened}").get("modal"), "the form")
        filled = {"user": self.name, "interaction_id_of_modal": opened, "values": values}
        sent: str = self.post("/control/submit", filled)["interaction_id"]
        return sent

    def wait_for_result_in_place(self, job: str) -> dict[str, Any]:
        """Wait for the result of a job that was requested inside a thread, where the result is posted."""
        channel = self.get(f"/control/interactions/{job}")["channel_id"]

        def look() -> dict[str, Any] | None:
            ids = {f"delete:{job}", f"more:{job}"}
            return next((m for m in self.list_messages(channel) if ids & {*list_custom_ids(m)}), None)

        return wait_until(look, f"an answer to job {job} where it was asked for")

    def wait_for_chosen_result(self, pressed: str) -> dict[str, Any]:
        """Wait for the result of a private choice, whose message says where to watch it once its button was pressed."""
        link = re.compile(r"Started: \S+/channels/\d+/(\d+)/(\d+)")
        channel, status_id = wait_until(
            lambda: link.search(self.wait_for_private_text(pressed)), "a link to the status message"
        ).groups()

        def look() -> dict[str, Any] | None:
            posted = self.list_messages(channel)
            status = next((message for message in posted if message["id"] == status_id), {})
            thread = (status.get("thread") or {}).get("id")
            results = self.list_messages(thread) if thread else posted
            return next((m for m in results if m["id"] >= status_id and list_media(m)), None)

        return wait_until(look, f"the result of the choice {pressed}")

    def wait_until_stored(self, job: str) -> None:
        """Wait until a result is in the database, which precedes the last edit of its status message."""

        def is_final() -> bool:
            return bool(list_media(self.wait_for_status(job))) or self.read_status(job).startswith("Done")

        wait_until(is_final, f"the last edit about job {job}")

    def wait_for_private_text(self, job: str) -> str:
        """Wait for the text that only the user sees."""
        return read_text(self.wait_for_private_message(job))

    def wait_for_private_message(self, job: str) -> dict[str, Any]:
        """Wait for the message that only the user sees."""

        def look() -> dict[str, Any] | None:
            interaction = self.get(f"/control/interactions/{job}")
            replies = [interaction.get("message"), *interaction.get("followups", [])]
            return next((m for m in replies if m and m["flags"] & 64 and not m["flags"] & LOADING_FLAG), None)

        return wait_until(look, f"a private message about {job}")

    def wait_for_followup_text(self, used: str) -> str:
        """Wait for the text of the followup that only the user sees."""
        look = f"/control/interactions/{used}"
        followup = wait_until(lambda: next(iter(self.get(look).get("followups", ())), None), f"a followup of {used}")
        assert followup["flags"] & 64
        return read_text(followup)

    def reload_private_message(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the present state of a message that perhaps only the user sees."""
        seen: list[dict[str, Any]] = self.get(f"/client/channels/{message['channel_id']}/messages?user={self.name}")
        return next(one for one in seen if one["id"] == message["id"])

    def list_messages(self, channel: str) -> list[dict[str, Any]]:
        """List the bot's messages in a channel, oldest first."""
        posted: list[dict[str, Any]] = self.get(f"/client/channels/{channel}/messages?user={self.name}")
        return [m for m in posted if m["author"].get("bot") and m["type"] in {0, 19, 20}]

    def list_direct_texts(self) -> list[str]:
        """List the texts of the bot's direct messages to the user, oldest first."""
        state = self.get("/control/state")
        user_id = next(user["id"] for user in state["users"] if user["username"] == self.name)
        direct = [c["id"] for c in state["channels"] if user_id in {r["id"] for r in c.get("recipients", ())}]
        found = [message for channel in direct for message in state["messages"].get(channel, ())]
        return [read_text(message) for message in found if message["author"].get("bot")]

    def get(self, path: str) -> Any:
        return request_json("GET", self.stack.discord_url + path)

    def put(self, path: str, body: Any) -> Any:
        return request_json("PUT", self.stack.discord_url + path, body)

    def patch(self, path: str, body: Any) -> Any:
        return request_json("PATCH", self.stack.discord_url + path, body)

    def delete(self, path: str) -> Any:
        return request_json("DELETE", self.stack.discord_url + path)

    def post(self, path: str, body: Any) -> Any:
        return request_json("POST", self.stack.discord_url + path, body)


def encode_file(name: str, data: bytes) -> dict[str, str]:
    """Return a file in the form of the control API."""
    return {"filename": name, "base64": base64.b64encode(data).decode()}


def add_user(stack: Stack, prefix: str) -> tuple[DiscordUser, str]:
    """Add a user to the stand-in, whose name is new and begins with `prefix`; return them and their id."""
    count = len(DiscordUser(stack).get("/control/state")["users"])
    user = DiscordUser(stack, f"{prefix}{count}")
    return user, str(user.post("/control/users", {"name": user.name})["id"])


def _read_field(box: dict[str, Any]) -> Any:
    if "options" in box:
        return [option["value"] for option in box["options"] if option.get("default")]
    return box.get("value") or ""


def list_custom_ids(message: dict[str, Any]) -> list[str]:
    """List the custom ids of a message's buttons and selects."""
    return [component["custom_id"] for component in list_components(message)]


def list_components(message: dict[str, Any]) -> list[dict[str, Any]]:
    """List a message's buttons and selects."""
    return list(_walk_components(message.get("components", [])))


def _walk_components(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        if "custom_id" in component:
            yield component
        yield from _walk_components([*component.get("components", []), *filter(None, [component.get("accessory")])])


def list_media(message: dict[str, Any]) -> list[dict[str, Any]]:
    """List the images in a message's galleries."""
    return list(_walk_media(message.get("components", [])))


def _walk_media(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield from component.get("items", [])
        yield from _walk_media(component.get("components", []))

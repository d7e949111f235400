"""A contest as its host and its entrants play it in the Discord stand-in."""

import re
from typing import Any, Final

from demo.__main__ import SAMPLE_IMAGE
from tests.support.followups import list_followup_texts
from tests.support.message_text import read_text
from tests.support.user import DiscordUser, encode_file, list_custom_ids, wait_until

SOURCE: Final = encode_file("source.jpg", SAMPLE_IMAGE.read_bytes())


def start_contest(host: DiscordUser, theme: str, files: dict[str, Any] | None = None, **options: Any) -> str:
    """Start a contest by its panel; return its thread."""
    return press_start(host, open_panel(host, theme, files, **options))


def open_panel(host: DiscordUser, theme: str, files: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Use /round start; return the panel."""
    used = host.invoke_command("round start", host.stack.channel_id, files, theme=theme, **options)
    return host.wait_for_private_message(used)


def press_start(host: DiscordUser, panel: dict[str, Any]) -> str:
    """Start the contest of a panel; return its thread."""
    host.press_button(panel, "round_start")
    started = wait_until(
        lambda: re.search(r"has begun in <#(\d+)>", read_text(host.reload_private_message(panel))), "the start"
    )
    return started[1]


def find_entering(user: DiscordUser, thread: str) -> dict[str, Any]:
    """Wait for the first message of a contest that asks for entries."""

    def find() -> dict[str, Any] | None:
        posted = user.list_messages(thread)
        return next((one for one in posted if any(i.startswith("round_enter:") for i in list_custom_ids(one))), None)

    return wait_until(find, "the message that asks for entries")


def enter(user: DiscordUser, message: dict[str, Any], prompt: str) -> str:
    """Enter a picture, and wait until it takes part; return the id of its job."""
    job = user.submit_modal(user.press_button(message, "round_enter"), prompt=prompt)
    wait_until(lambda: "takes part" in "".join(list_followup_texts(user, job)), f"the entry of {user.name}")
    return job


def close(host: DiscordUser, thread: str) -> None:
    """End the phase."""
    answer = host.wait_for_private_text(host.invoke_command("round close", thread))
    assert answer.startswith("Closed.")


def find_posted(user: DiscordUser, thread: str, text: str, *, number: int = 1) -> dict[str, Any]:
    """Wait for the message of a contest that contains the text, or for the one of this number."""

    def find() -> dict[str, Any] | None:
        found = [message for message in user.list_messages(thread) if text in read_text(message)]
        return found[number - 1] if len(found) >= number else None

    return wait_until(find, f"“{text}”")


def find_component(message: dict[str, Any], action: str) -> str:
    """Find the custom id of this action in a message."""
    return next(one for one in list_custom_ids(message) if one.startswith(f"{action}:"))

"""Explorations in the Discord stand-in: invoke, confirm, and wait for the end."""

import re
from typing import Any, Final

from demo.__main__ import SAMPLE_IMAGE
from tests.support.message_text import read_text
from tests.support.user import DiscordUser, encode_file, list_custom_ids, wait_until

_UNFINISHED: Final = re.compile(r"\d (?:waiting|in progress)\b")


def invoke_explore(
    user: DiscordUser, prompt: str = "a castle", *, has_picture: bool = True, **options: Any
) -> dict[str, Any]:
    """Use /explore with the sample image, or from words alone; return the confirmation message."""
    image = encode_file(SAMPLE_IMAGE.name, SAMPLE_IMAGE.read_bytes())
    files = {"image": image} if has_picture else {}
    used = user.invoke_command("explore", user.stack.channel_id, files, prompt=prompt, **options)
    confirmation = user.wait_for_private_message(used)
    assert list_custom_ids(confirmation) == [f"exploration_start:{used}", f"exploration_discard:{used}"]
    return confirmation


def start_exploration(user: DiscordUser, confirmation: dict[str, Any]) -> str:
    """Start the exploration; return its id."""
    user.press_button(confirmation, "exploration_start")
    return list_custom_ids(confirmation)[0].partition(":")[2]


def find_exploration_message(
    user: DiscordUser, exploration_id: str, channel: str | None = None
) -> dict[str, Any] | None:
    """Find the message of an exploration."""
    posted = user.list_messages(channel or user.stack.channel_id)
    first_id = f"variant_show:{exploration_id}-01"
    return next((message for message in posted if first_id in list_custom_ids(message)), None)


def wait_for_exploration_end(user: DiscordUser, exploration_id: str, channel: str | None = None) -> dict[str, Any]:
    """Wait until the exploration's message shows that every variant has ended."""

    def look() -> dict[str, Any] | None:
        message = find_exploration_message(user, exploration_id, channel)
        return None if message is None or _UNFINISHED.search(read_text(message)) else message

    return wait_until(look, f"the end of exploration {exploration_id}", 60)


def list_results(user: DiscordUser, message: dict[str, Any]) -> list[dict[str, Any]]:
    """List the result messages of an exploration."""
    return user.list_messages(message["thread"]["id"])

"""`/preferences` end to end: set once, they apply to all of the user's requests."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.first_picture import iter_message_texts
from demo.http_client import request_json
from demo.stack import Stack
from tests.support.user import DiscordUser, add_user, list_custom_ids, list_media, wait_until

CallLister = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def cleo(stack: Stack) -> DiscordUser:
    """A user without preferences."""
    return add_user(stack, "cleo")[0]


def set_preferences(user: DiscordUser, **choices: str) -> dict[str, Any]:
    """Set preferences by selects; return the message at the end."""
    shown = user.invoke_and_wait("preferences")
    for field, value in choices.items():
        before = reload_message(user, shown)
        user.use_component(shown, f"preference_select:{field}", value)
        wait_until(lambda before=before: reload_message(user, shown) != before, f"{field} is {value}")  # type: ignore[misc]
    return reload_message(user, shown)


def reload_message(user: DiscordUser, message: dict[str, Any]) -> dict[str, Any]:
    seen = user.get(f"/client/channels/{message['channel_id']}/messages?user={user.name}")
    return next(dict(m, edited_timestamp=None) for m in seen if m["id"] == message["id"])


def wait_for_direct_messages(user: DiscordUser, job: str) -> str:
    """Wait for the link to the direct messages, and return their channel."""

    def find_channel() -> str | None:
        found = re.search(r"channels/@me/(\d+)/\d+", user.wait_for_status(job)["content"])
        return found and found[1]

    return wait_until(find_channel, "the link to the direct messages")


def wait_for_result_in(user: DiscordUser, channel: str, job: str) -> dict[str, Any]:
    return wait_until(
        lambda: next((m for m in user.list_messages(channel) if f"regenerate:{job}" in list_custom_ids(m)), None),
        "the answer",
    )


def assert_rejected(user: DiscordUser, job: str, words: str) -> None:
    """Wait until the user is told this in private, and the earlier response is deleted."""

    def is_rejected() -> bool:
        interaction = user.get(f"/control/interactions/{job}")
        texts = [
            text
            for followup in interaction["followups"]
            for text in iter_message_texts(followup)
            if followup["flags"] & 64
        ]
        return words in "\n".join(texts) and bool(interaction["message"].get("deleted"))

    wait_until(is_rejected, words)


def test_preferences_apply_to_omitted_options(cleo: DiscordUser, list_calls: CallLister) -> None:
    shown = set_preferences(cleo, model="stable-image-core", keep="65", style_preset="anime", language="fr")

    first = cleo.wait_for_result(cleo.submit_imagine("un château", image=None))
    cleo.wait_for_result(cleo.submit_imagine("un château"))
    cleo.wait_for_result(cleo.submit_imagine("un château", keep=20, style="origami"))

    assert shown["flags"] & 64, "only they see it"
    assert "Tes préférences pour toutes tes demandes" in "\n".join(iter_message_texts(shown))
    assert "graine" in "\n".join(iter_message_texts(first))
    core, sd35, given = list_calls()
    assert [core["model"], sd35["model"]] == ["stability.stable-image-core-v1:1", "stability.sd3-5-large-v1:0"]
    assert (core["body"]["prompt"], sd35["body"]["strength"]) == ("un château, anime style", pytest.approx(0.35))
    assert (given["body"]["prompt"], given["body"]["strength"]) == ("un château, origami style", 0.8)


def test_a_private_result_is_posted_only_in_direct_messages_and_can_be_continued_there(
    cleo: DiscordUser, list_calls: CallLister
) -> None:
    set_preferences(cleo, private="on")
    before = cleo.list_messages(cleo.stack.channel_id)

    job = cleo.submit_imagine("a castle")
    channel = wait_for_direct_messages(cleo, job)
    first = wait_for_result_in(cleo, channel, job)
    again = cleo.press_button(first, "regenerate")
    second = wait_for_result_in(cleo, channel, again)
    varied = wait_for_result_in(cleo, channel, cleo.press_button(second, "vary", "subtle"))

    assert [bool(m["flags"] & 4096) for m in cleo.list_messages(channel)[:2]] == [True, False], "the answer alone calls"
    assert cleo.wait_for_status(job)["flags"] & 64
    assert "thread" not in cleo.wait_for_status(job)
    seen = [m for m in cleo.list_messages(cleo.stack.channel_id) if not m["flags"] & 64]
    assert [m["id"] for m in seen] == [m["id"] for m in before if not m["flags"] & 64], "nothing is told in the channel"
    assert not cleo.wait_for_status(again)["flags"] & 64, "in the direct messages there is nobody to hide it from"
    assert [len(list_media(message)) for message in (first, second, varied)] == [1, 1, 1]
    assert len(list_calls()) == 3


def test_closed_direct_messages_are_reported_before_the_request_is_accepted(
    cleo: DiscordUser, list_calls: CallLister
) -> None:
    set_preferences(cleo, private="on")
    patch_user(cleo, dms_closed=True)

    assert_rejected(cleo, cleo.submit_imagine("a castle"), "You chose private results, but")

    assert list_calls() == []


def test_a_rejected_request_leaves_no_message_in_direct_messages(cleo: DiscordUser) -> None:
    set_preferences(cleo, private="on")
    job = cleo.submit_imagine("a castle")
    channel = wait_for_direct_messages(cleo, job)
    wait_for_result_in(cleo, channel, job)

    assert_rejected(cleo, cleo.submit_imagine("a castle", image=Path(__file__)), "That file isn't a picture")

    assert len(cleo.list_messages(channel)) == 2, "the status message of the first and its answer"


def patch_user(user: DiscordUser, **changes: Any) -> None:
    request_json("PATCH", f"{user.stack.discord_url}/control/users/{user.name}", changes)

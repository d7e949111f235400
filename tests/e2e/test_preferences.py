"""`/preferences` in the real house: chosen once, they hold for everything that this person asks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.first_picture import words_of
from demo.house import House
from demo.web import call
from tests.e2e.asker import Asker, custom_ids, media_of, until

Calls = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def cleo(house: House) -> Asker:
    """Somebody who prefers nothing yet."""
    name = f"cleo{len(Asker(house).get('/control/state')['users'])}"
    Asker(house).post("/control/users", {"name": name})
    return Asker(house, name)


def prefer(asker: Asker, **choices: str) -> dict[str, Any]:
    """Choose in the selects, and press the switches; the answer is the message in the end."""
    shown = asker.shown("preferences")
    for field, value in choices.items():
        switch = field in {"pings", "private"}
        written = f"prefer:0:{field}-{value}" if switch else f"s:prefer:0:{field}"
        before = look(asker, shown)
        asker.choose(shown, written, *(() if switch else (value,)))
        until(lambda before=before: look(asker, shown) != before, f"{field} is {value}")  # type: ignore[misc]
    return look(asker, shown)


def look(asker: Asker, message: dict[str, Any]) -> dict[str, Any]:
    seen = asker.get(f"/client/channels/{message['channel_id']}/messages?user={asker.user}")
    return next(dict(m, edited_timestamp=None) for m in seen if m["id"] == message["id"])


def direct(asker: Asker, job: str) -> str:
    """Wait for the words that lead to the direct messages, and give their channel."""

    def told() -> str | None:
        found = re.search(r"channels/@me/(\d+)/\d+", asker.status(job)["content"])
        return found and found[1]

    return until(told, "the way to the direct messages")


def answer_to(asker: Asker, channel: str, job: str) -> dict[str, Any]:
    return until(
        lambda: next((m for m in asker.messages(channel) if f"again:{job}" in custom_ids(m)), None), "the answer"
    )


def refused(asker: Asker, job: str, words: str) -> None:
    """Wait until the one who asked is told this, and what was said before it is deleted."""

    def told() -> bool:
        interaction = asker.get(f"/control/interactions/{job}")
        said = [text for followup in interaction["followups"] for text in words_of(followup) if followup["flags"] & 64]
        return words in "\n".join(said) and bool(interaction["message"].get("deleted"))

    until(told, words)


def test_language_model_and_settings_hold_for_what_is_left_out(cleo: Asker, calls: Calls) -> None:
    shown = prefer(cleo, model="sdxl", keep="65", style_preset="anime", language="fr")

    first = cleo.answer(cleo.ask("un château"))
    cleo.answer(cleo.ask("un château", keep=20, model="sd3.5-large"))

    assert shown["flags"] & 64, "only they see it"
    assert "Ce que tu préfères" in "\n".join(words_of(shown))
    assert "Demandé par" in "\n".join(words_of(first))
    liked, written = (paid["body"] for paid in calls())
    assert (liked["image_strength"], liked["style_preset"]) == (0.65, "anime")
    assert written["strength"] == 0.8


def test_a_private_result_is_told_in_the_direct_messages_alone_and_goes_on_there(cleo: Asker, calls: Calls) -> None:
    prefer(cleo, private="on")
    before = cleo.messages(cleo.house.channel)

    job = cleo.ask("a castle")
    channel = direct(cleo, job)
    first = answer_to(cleo, channel, job)
    again = cleo.press(first, "again")
    second = answer_to(cleo, channel, again)
    varied = answer_to(cleo, channel, cleo.press(second, "vary", "subtle"))

    assert [bool(m["flags"] & 4096) for m in cleo.messages(channel)[:2]] == [True, False], "the answer alone calls"
    assert cleo.status(job)["flags"] & 64
    assert "thread" not in cleo.status(job)
    seen = [m for m in cleo.messages(cleo.house.channel) if not m["flags"] & 64]
    assert [m["id"] for m in seen] == [m["id"] for m in before if not m["flags"] & 64], "nothing is told in the channel"
    assert not cleo.status(again)["flags"] & 64, "in the direct messages there is nobody to hide it from"
    assert [len(media_of(message)) for message in (first, second, varied)] == [1, 1, 1]
    assert len(calls()) == 3


def test_closed_direct_messages_are_told_before_anything_is_taken_on(cleo: Asker, calls: Calls) -> None:
    prefer(cleo, private="on")
    patch(cleo, dms_closed=True)

    refused(cleo, cleo.ask("a castle"), "The answer has nowhere to go.")

    assert calls() == []


def test_what_is_refused_leaves_nothing_behind_in_the_direct_messages(cleo: Asker) -> None:
    prefer(cleo, private="on")
    job = cleo.ask("a castle")
    channel = direct(cleo, job)
    answer_to(cleo, channel, job)

    refused(cleo, cleo.ask("a castle", image=Path(__file__)), "The file is not a picture")

    assert len(cleo.messages(channel)) == 2, "the status message of the first and its answer"


def patch(asker: Asker, **changes: Any) -> None:
    call("PATCH", f"{asker.house.discord_url}/control/users/{asker.user}", changes)

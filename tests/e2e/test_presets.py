"""Presets in the real house: saved from a result, used where options are left out."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.asker import Asker

Calls = Callable[[], list[dict[str, Any]]]


def presets(asker: Asker, what: str, channel: str | None = None, /, **options: Any) -> str:
    """Use a part of /presets; the answer is what only the asker sees."""
    return asker.private_words(asker.use(f"presets {what}", channel or asker.house.channel, **options))


def test_one_saved_from_a_result_fills_what_is_left_out_and_what_is_typed_wins(ada: Asker, calls: Calls) -> None:
    first = ada.answer(ada.ask("a castle", model="sdxl", keep=60, style="anime", steps=20, negative="crowds"))

    saved = presets(ada, "save", first["channel_id"], name="Summer look")
    ada.answer(ada.ask("a lake", preset="summer look", steps=40))
    ada.answer(ada.ask("a lake", preset="Summer look", model="sd3.5-large"))

    assert saved.startswith("Saved as **Summer look**.")
    same, other = (call["body"] for call in calls()[1:])
    assert (same["image_strength"], same["style_preset"], same["steps"]) == (pytest.approx(0.6), "anime", 40)
    assert [prompt["text"] for prompt in same["text_prompts"]] == ["a lake", "crowds"]
    assert (other["prompt"], other["negative_prompt"], other["strength"]) == ("a lake", "crowds", pytest.approx(0.4))
    assert [choice["value"] for choice in ada.offered("summ", "preset", ada.house.channel)] == ["Summer look"]


def test_one_is_listed_shared_copied_and_deleted(ada: Asker) -> None:
    ben = Asker(ada.house, "ben")
    result = ada.answer(ada.ask("a castle", keep=70))
    presets(ada, "save", result["channel_id"], name="mist")

    code = presets(ada, "share", name="mist").partition("`")[2].strip("`")
    copied = presets(ben, "add", code=code)
    again = presets(ben, "add", code=code)

    assert "mist · SD 3.5 Large · keep 70%" in presets(ada, "list").replace("\\", "")
    assert copied.startswith("Saved as **mist**.")
    assert again.startswith("You have a preset called “mist” already.")
    assert presets(ada, "delete", name="MIST") == "**MIST** is deleted."
    assert presets(ada, "delete", name="mist").startswith("There is no preset called “mist”.")
    assert "mist" in presets(ben, "list")


def test_the_servers_are_changed_by_who_may_manage_it_and_used_by_everyone(ada: Asker, calls: Calls) -> None:
    owner = Asker(ada.house, ada.get("/control/state")["guilds"][0]["owner_id"])
    result = ada.answer(ada.ask("a castle", keep=70))

    refused = presets(ada, "save", result["channel_id"], **{"name": "house", "for": "server"})
    saved = presets(owner, "save", result["channel_id"], **{"name": "house", "for": "server"})
    ada.answer(ada.ask("a lake", preset="house"))

    assert refused.startswith("The server's presets stay as they are.")
    assert saved.startswith("Saved as **house**.")
    assert calls()[-1]["body"]["strength"] == pytest.approx(0.3)


def test_what_is_not_there_is_said(ada: Asker) -> None:
    unknown = ada.private_words(ada.ask("a lake", preset="nowhere"))

    assert unknown.startswith("There is no preset called “nowhere”.")
    assert presets(ada, "add", code="0000").startswith("No preset has the code “0000”.")
    assert presets(ada, "save", name="empty", result="17").startswith("There is no result to take the settings of.")

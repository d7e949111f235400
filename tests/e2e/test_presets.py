"""Presets and style sets end to end: saved, used for omitted options, shared and removed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.discord_standin import make_image_file, make_png
from tests.support.user import DiscordUser, list_media

CallLister = Callable[[], list[dict[str, Any]]]


def invoke_presets(user: DiscordUser, subcommand: str, channel: str | None = None, /, **options: Any) -> str:
    """Use a subcommand of /presets; return the private response."""
    return user.wait_for_private_text(
        user.invoke_command(f"presets {subcommand}", channel or user.stack.channel_id, **options)
    )


def test_a_preset_saved_from_a_result_fills_omitted_options_and_given_ones_win(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    first = ada.wait_for_result(ada.submit_sdxl("a castle", keep=60, style="anime", steps=20, negative="crowds"))

    saved = invoke_presets(ada, "save", first["channel_id"], name="Summer look")
    ada.wait_for_result(ada.submit_sdxl("a lake", preset="summer look", steps=40))
    ada.wait_for_result(ada.submit_imagine("a lake", preset="Summer look"))

    assert saved.startswith("Saved as **Summer look**.")
    same, other = (call["body"] for call in list_calls()[1:])
    assert (same["image_strength"], same["style_preset"], same["steps"]) == (pytest.approx(0.6), "anime", 40)
    assert [prompt["text"] for prompt in same["text_prompts"]] == ["a lake", "crowds"]
    assert (other["prompt"], other["negative_prompt"]) == ("a lake, anime style", "crowds")
    assert other["strength"] == pytest.approx(0.4)
    assert [choice["value"] for choice in ada.autocomplete_option("summ", "preset", ada.stack.channel_id)] == [
        "Summer look"
    ]


def test_a_preset_can_be_listed_shared_copied_and_deleted(ada: DiscordUser) -> None:
    ben = DiscordUser(ada.stack, "ben")
    result = ada.wait_for_result(ada.submit_imagine("a castle", keep=70))
    invoke_presets(ada, "save", result["channel_id"], name="mist")

    saved_in_channel = invoke_presets(ada, "save", name="newest")
    code = invoke_presets(ada, "share", name="mist").partition("`")[2].strip("`")
    copied = invoke_presets(ben, "add", code=code)
    again = invoke_presets(ben, "add", code=code)

    assert "mist · SD 3.5 Large · keep 70%" in invoke_presets(ada, "list").replace("\\", "")
    assert "newest · SD 3.5 Large · keep 70%" in invoke_presets(ada, "list").replace("\\", "")
    assert saved_in_channel.startswith("Saved as **newest**.")
    assert copied.startswith("Saved as **mist**.")
    assert again.startswith("You already have a preset called “mist”.")
    assert invoke_presets(ada, "delete", name="MIST") == "**MIST** was deleted."
    assert invoke_presets(ada, "delete", name="mist").startswith("There's no preset called “mist”,")
    assert "mist" in invoke_presets(ben, "list")


def test_server_presets_are_changed_by_managers_and_used_by_everyone(
    ada: DiscordUser, owner: DiscordUser, list_calls: CallLister
) -> None:
    result = ada.wait_for_result(ada.submit_imagine("a castle", keep=70))

    refused = invoke_presets(ada, "save", result["channel_id"], **{"name": "studio look", "for": "server"})
    saved = invoke_presets(owner, "save", result["channel_id"], **{"name": "studio look", "for": "server"})
    ada.wait_for_result(ada.submit_imagine("a lake", preset="studio look"))

    assert refused.startswith("Only people who can manage this server can change its presets.")
    assert saved.startswith("Saved as **studio look**.")
    assert list_calls()[-1]["body"]["strength"] == pytest.approx(0.3)


def test_unknown_presets_codes_and_results_are_reported(ada: DiscordUser) -> None:
    unknown = ada.wait_for_private_text(ada.submit_imagine("a lake", preset="nowhere"))

    assert unknown.startswith("There's no preset called “nowhere”,")
    assert invoke_presets(ada, "add", code="0000").startswith("No preset has the code “0000”.")
    assert invoke_presets(ada, "save", name="empty", result="17").startswith(
        "I don't see a picture to take the settings from."
    )


def test_style_sets_are_filled_shown_and_emptied_and_a_servers_are_changed_by_managers(
    ada: DiscordUser, owner: DiscordUser
) -> None:
    def invoke_styles(
        user: DiscordUser, subcommand: str, files: dict[str, Any] | None = None, /, **options: Any
    ) -> dict[str, Any]:
        used = user.invoke_command(f"styles {subcommand}", user.stack.channel_id, files, **options)
        return user.wait_for_private_message(used)

    picture, for_server = {"picture": make_image_file("a.png", make_png(80, 80))}, {"for": "server"}
    added = invoke_styles(ada, "add", picture | {"picture2": make_image_file("b.png", make_png(80, 80))}, name="Oils")
    refused = invoke_styles(ada, "add", picture, name="Studio", **for_server)
    given = invoke_styles(owner, "add", picture, name="Studio", **for_server)
    listed, shown = invoke_styles(ada, "list"), invoke_styles(ada, "show", name="oils")
    removed = [invoke_styles(ada, "remove", name="OILS", **number)["content"] for number in ({"number": 2}, {}, {})]

    assert (added["content"], given["content"]) == ("**Oils** has 2 pictures now.", "**Studio** has 1 picture now.")
    assert refused["content"].startswith("Only people who can manage this server can change its style sets.")
    assert "Oils · 2 pictures" in str(listed)
    assert "Studio · 1 picture" in str(listed)
    assert len(list_media(shown)) == 1
    assert removed[:2] == ["Picture 2 was removed from **Oils**.", "**Oils** was removed."]
    assert removed[2].startswith("There's no style set called “OILS”")

"""The buttons under a result, end to end: each press is a job like any other."""

import re
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest
import redis

from demo.first_picture import iter_message_texts
from demo.http_client import download_bytes
from tests.support.user import DiscordUser, list_custom_ids, list_media, wait_until


def test_again_repeats_the_request_with_the_same_source_and_another_seed(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", keep=60))

    second = ada.wait_for_result_in_place(ada.press_button(first, "regenerate"))

    one, other = list_calls()
    assert (one["body"]["prompt"], one["body"]["strength"]) == ("a castle", 0.4)
    assert {**one["body"], "seed": 0, "image": 0} == {**other["body"], "seed": 0, "image": 0}
    assert one["body"]["image"]["width"] == other["body"]["image"]["width"]
    assert one["body"]["seed"] != other["body"]["seed"]
    assert second["channel_id"] == first["channel_id"]


def test_vary_starts_from_the_result_with_a_weight_of_90_or_50_percent(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", keep=10))

    ada.wait_for_result_in_place(ada.press_button(first, "vary", "subtle"))
    ada.wait_for_result_in_place(ada.press_button(first, "vary", "strong"))

    assert [call["body"]["strength"] for call in list_calls()] == [0.9, 0.2, 0.5]


def test_two_clicks_are_two_jobs(ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", image=None))

    twice = [ada.press_button(first, "regenerate"), ada.press_button(first, "regenerate")]

    answers = {ada.wait_for_result_in_place(job)["id"] for job in twice}
    assert len(answers) == 2
    assert len(list_calls()) == 3


def test_a_click_that_discord_delivers_twice_counts_once(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    ada.post("/control/gateway", {"op": "duplicate_interactions:3"})

    details = ada.wait_for_private_text(ada.press_button(first, "details"))
    ada.wait_for_result_in_place(ada.press_button(first, "regenerate"))

    assert "a castle" in details
    assert len(list_calls()) == 2


def test_edit_opens_a_prefilled_form_and_reuses_the_source(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", negative="crowds", keep=60, seed=7))
    opened = ada.press_button(first, "edit")
    filled = ada.read_modal_fields(opened)

    ada.wait_for_result_in_place(ada.submit_modal(opened, prompt="a ship", keep="62,5 %"))

    assert filled == {"prompt": "a castle", "negative": "crowds", "keep": "60", "seed": "7", "style_preset": []}
    one, other = (call["body"] for call in list_calls())
    changed = {"prompt": "a ship", "strength": 0.375, "image": other["image"]}
    assert other == {**one, **changed}
    assert (other["negative_prompt"], other["seed"]) == ("crowds", 7)


def test_invalid_form_values_and_long_prompts_are_reported_and_nothing_is_generated(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle"))
    long = ada.wait_for_result(ada.submit_imagine("long " * 900, image=None))

    rejected = ada.submit_modal(ada.press_button(first, "edit"), prompt="a|::2", keep="much", seed="-1")
    told = ada.wait_for_private_text(rejected)
    reopened = ada.read_modal_fields(ada.press_button(ada.wait_for_private_message(rejected), "edit_reopen"))

    for wrong in (
        "Part 2 of your prompt is empty",
        "“keep” needs a number, and “much” isn't one",
        "“seed” can't be -1",
    ):
        assert wrong in told
    assert reopened == {"prompt": "a|::2", "negative": "", "keep": "much", "seed": "-1", "style_preset": []}
    assert "4499 characters" in ada.wait_for_private_text(ada.press_button(long, "edit"))
    assert len(list_calls()) == 2


def test_use_as_source_continues_from_the_result(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", image=None, aspect="16:9", seed=7))
    opened = ada.press_button(first, "use_as_source")
    filled = ada.read_modal_fields(opened)

    ada.wait_for_result_in_place(ada.submit_modal(opened))

    assert filled == {"prompt": "a castle", "negative": "", "keep": "35", "seed": "", "style_preset": []}
    asked = list_calls()[-1]["body"]
    assert (asked["mode"], asked["strength"], "aspect_ratio" in asked) == ("image-to-image", 0.65, False)
    assert asked["image"]["width"] / asked["image"]["height"] > 1.6


def test_upscale_asks_which_model_and_the_choice_makes_it_larger(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle"))
    choice = ada.wait_for_private_message(ada.press_button(first, "upscale"))

    larger = ada.wait_for_chosen_result(ada.press_button(choice, "upscale_with", "fast-upscale"))

    assert [identifier.rpartition(":")[2] for identifier in list_custom_ids(choice)] == [
        "fast-upscale",
        "conservative-upscale",
        "creative-upscale",
    ]
    assert "prompt" not in list_calls()[-1]["body"]
    assert re.search(r"Enlarged from \d+ × \d+ to \d+ × \d+ pixels", "\n".join(iter_message_texts(larger)))
    assert not any(written.startswith(("regenerate", "upscale", "vary", "edit")) for written in list_custom_ids(larger))
    assert "Fast Upscale" in ada.wait_for_private_text(ada.invoke_message_command(larger, "Details"))


def test_a_choice_ends_with_its_first_press_however_fast_the_others_follow(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    choice = ada.wait_for_private_message(ada.press_button(first, "upscale"))

    presses = [ada.use_forged_component(choice, list_custom_ids(choice)[0]) for _ in range(3)]
    wait_until(lambda: len(list_calls()) == 2, "the call of the upscaler")
    presses.append(ada.use_forged_component(choice, list_custom_ids(choice)[1]))

    refused = wait_until(lambda: texts if len(texts := list_followups(ada, presses)) == len(presses) - 1 else None, "x")
    assert all("already" in text for text in refused)
    larger = ada.wait_for_chosen_result(presses[-1])
    assert "fast-upscale" in list_calls()[-1]["model"]
    assert len(list_calls()) == 2
    posted = ada.list_messages(larger["channel_id"])
    assert sum(bool(list_media(message)) for message in posted) == 2, "the picture and its upscaled version"


def list_followups(user: DiscordUser, used: list[str]) -> list[str]:
    """List the texts that only the user saw after these interactions."""
    interactions = (user.get(f"/control/interactions/{one}") for one in used)
    return ["\n".join(iter_message_texts(text)) for one in interactions for text in one.get("followups", ())]


def test_details_say_everything_and_run_it_again_with_the_same_seed(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", negative="crowds", keep=60))
    again = ada.press_button(first, "regenerate")
    second = ada.wait_for_result_in_place(again)
    ada.wait_until_stored(again)
    details = ada.wait_for_private_message(ada.press_button(second, "details"))

    ada.wait_for_chosen_result(ada.press_button(details, "regenerate_same_seed"))

    said = "\n".join(iter_message_texts(details))
    for part in (
        "a castle",
        "crowds",
        "60%",
        "stability.sd3-5-large",
        "$0.08",
        f"/{first['channel_id']}/{first['id']}",
    ):
        assert part in said
    assert list_calls()[-1]["body"] == list_calls()[-2]["body"]


def read_response(user: DiscordUser, interaction: str) -> str:
    """Read everything of the message that an interaction posted or changed."""
    return str(user.get(f"/control/interactions/{interaction}").get("message"))


def test_the_menu_fills_the_star_of_a_favourite_and_empties_it(ada: DiscordUser) -> None:
    first = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    menu = ada.wait_for_private_message(ada.press_button(first, "more"))

    for star, words in (("★", "Added to your favourites"), ("☆", "No longer one of your favourites")):
        pressed = ada.press_button(menu, "menu_favourite")
        wait_until(lambda p=pressed, w=words: w in read_response(ada, p), words)  # type: ignore[misc]
        assert menu["id"] in read_response(ada, pressed)
        assert f"{star} Favourite" in read_response(ada, pressed)


def test_delete_takes_the_result_its_preview_and_its_words_away(ada: DiscordUser) -> None:
    job = ada.submit_imagine("a secret castle", image=None)
    first = ada.wait_for_result(job)
    ada.wait_until_stored(job)
    preview = list_media(ada.wait_for_status(job))[0]["media"]["url"]
    question = ada.wait_for_private_message(ada.press_button(first, "delete"))

    ada.press_button(question, "delete_confirm")

    wait_until(lambda: not list_media(ada.wait_for_status(job)), "a status message without a preview")
    assert first["id"] not in [m["id"] for m in ada.list_messages(first["channel_id"])]
    wait_until(lambda: ada.wait_for_status(job)["thread"]["name"] == "This result was deleted", "a thread renamed")
    assert "secret" not in str(ada.wait_for_status(job))
    with pytest.raises(HTTPError):
        download_bytes(preview)


def test_a_waiting_job_can_be_cancelled_and_its_status_message_says_so(
    ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    busy = [ada.submit_imagine("a ship [slow:3]", image=None) for _ in range(2)]
    with redis.Redis.from_url(ada.stack.redis_url) as client:
        wait_until(
            lambda: client.zcard("pentimento:leases:generate") == len(busy), "as many running jobs as one user may have"
        )
    waiting = ada.submit_imagine("never generated", image=None)
    status = wait_until(
        lambda: seen if list_custom_ids(seen := ada.wait_for_status(waiting)) else None, "the button under the status"
    )

    words = ada.wait_for_private_text(ada.press_button(status, "cancel"))

    assert words.startswith("Cancelled, at no cost")
    assert "cancelled this before it started" in "\n".join(iter_message_texts(ada.wait_for_result(waiting)))
    wait_until(lambda: ada.read_status(waiting).startswith("### Cancelled"), "a status message that says so")
    assert "cancel" not in str(list_custom_ids(ada.wait_for_status(waiting)))
    assert "thread" not in ada.wait_for_status(waiting)
    assert all(ada.wait_for_result(job) for job in busy)
    assert not any("never generated" in str(call["body"]) for call in list_calls())

"""The buttons under a result, pressed in the real house: each press is a job like any other."""

from collections.abc import Callable
from typing import Any

import redis

from demo.first_picture import words_of
from tests.e2e.asker import Asker, custom_ids, until


def test_again_asks_for_the_same_with_another_seed_and_the_same_source(
    ada: Asker, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a castle", keep=60))

    second = ada.answer_here(ada.press(first, "again"))

    one, other = calls()
    assert (one["body"]["prompt"], one["body"]["strength"]) == ("a castle", 0.4)
    assert {**one["body"], "seed": 0, "image": 0} == {**other["body"], "seed": 0, "image": 0}
    assert one["body"]["image"]["width"] == other["body"]["image"]["width"]
    assert one["body"]["seed"] != other["body"]["seed"]
    assert second["channel_id"] == first["channel_id"]


def test_vary_starts_from_the_result_and_keeps_most_or_half_of_it(
    ada: Asker, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a castle", keep=10))

    ada.answer_here(ada.press(first, "vary", "subtle"))
    ada.answer_here(ada.press(first, "vary", "strong"))

    assert [call["body"]["strength"] for call in calls()] == [0.9, 0.2, 0.5]


def test_two_clicks_are_two_jobs(ada: Asker, calls: Callable[[], list[dict[str, Any]]]) -> None:
    first = ada.answer(ada.ask("a castle", image=None))

    twice = [ada.press(first, "again"), ada.press(first, "again")]

    answers = {ada.answer_here(job)["id"] for job in twice}
    assert len(answers) == 2
    assert len(calls()) == 3


def test_a_press_that_discord_delivers_twice_is_one(ada: Asker, calls: Callable[[], list[dict[str, Any]]]) -> None:
    first = ada.answer(ada.ask("a castle", image=None))
    ada.post("/control/gateway", {"op": "duplicate_interactions:3"})

    marked = ada.private_words(ada.press(first, "favourite"))
    details = ada.private_words(ada.press(first, "details"))
    ada.answer_here(ada.press(first, "again"))

    assert marked.startswith("★")
    assert "a castle" in details
    assert ada.private_words(ada.press(first, "favourite")).startswith("☆")
    assert len(calls()) == 2


def test_edit_opens_filled_in_and_asks_again_of_the_same_source(
    ada: Asker, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a castle", negative="crowds", keep=60, seed=7))
    opened = ada.press(first, "edit")
    filled = ada.fields(opened)

    ada.answer_here(ada.submit(opened, prompt="a ship", keep="62,5 %"))

    assert filled == {"prompt": "a castle", "negative": "crowds", "keep": "60", "seed": "7"}
    one, other = (call["body"] for call in calls())
    changed = {"prompt": "a ship", "strength": 0.375, "image": other["image"]}
    assert other == {**one, **changed}
    assert (other["negative_prompt"], other["seed"]) == ("crowds", 7)


def test_what_does_not_fit_in_a_form_is_told_and_nothing_is_asked(
    ada: Asker, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a castle"))
    long = ada.answer(ada.ask("long " * 900, image=None))

    told = ada.private_words(ada.submit(ada.press(first, "edit"), prompt="a|::2", keep="much", seed="-1"))

    for wrong in ("Part 2 of the prompt is empty", "“keep” is “much”", "“seed” is -1"):
        assert wrong in told
    assert "4499 characters" in ada.private_words(ada.press(long, "edit"))
    assert len(calls()) == 2


def test_use_as_source_goes_on_from_the_result(ada: Asker, calls: Callable[[], list[dict[str, Any]]]) -> None:
    first = ada.answer(ada.ask("a castle", image=None, aspect="16:9", seed=7))
    opened = ada.press(first, "source")
    filled = ada.fields(opened)

    ada.answer_here(ada.submit(opened))

    assert filled == {"prompt": "a castle", "negative": "", "keep": "35", "seed": ""}
    asked = calls()[-1]["body"]
    assert (asked["mode"], asked["strength"], "aspect_ratio" in asked) == ("image-to-image", 0.65, False)
    assert asked["image"]["width"] / asked["image"]["height"] > 1.6


def test_upscale_asks_which_model_and_the_choice_makes_it_larger(
    ada: Asker, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a castle"))
    choice = ada.private(ada.press(first, "upscale"))

    larger = ada.answer_here(ada.press(choice, "upscale", "fast-upscale"))

    assert [identifier.rpartition(":")[2] for identifier in custom_ids(choice)] == [
        "fast-upscale",
        "conservative-upscale",
    ]
    assert "prompt" not in calls()[-1]["body"]
    assert not any(written.startswith(("again", "upscale", "vary", "edit")) for written in custom_ids(larger))
    assert "Fast Upscale" in ada.private_words(ada.use_on(larger, "Details"))


def test_details_say_everything_and_run_it_again_with_the_same_seed(
    ada: Asker, calls: Callable[[], list[dict[str, Any]]]
) -> None:
    first = ada.answer(ada.ask("a castle", negative="crowds", keep=60))
    again = ada.press(first, "again")
    second = ada.answer_here(again)
    ada.written_down(again)
    details = ada.private(ada.press(second, "details"))

    ada.answer_here(ada.press(details, "exact"))

    said = "\n".join(words_of(details))
    for part in (
        "a castle",
        "crowds",
        "60%",
        "stability.sd3-5-large",
        "$0.08",
        f"/{first['channel_id']}/{first['id']}",
    ):
        assert part in said
    assert calls()[-1]["body"] == calls()[-2]["body"]


def test_a_favourite_is_marked_and_unmarked(ada: Asker) -> None:
    first = ada.answer(ada.ask("a castle", image=None))

    words = [ada.private_words(ada.press(first, "favourite")) for _ in range(2)]

    assert words[0].startswith("★")
    assert words[1].startswith("☆")


def test_delete_asks_and_takes_the_answer_away(ada: Asker) -> None:
    first = ada.answer(ada.ask("a castle", image=None))
    question = ada.private(ada.press(first, "delete"))

    ada.press(question, "delete_yes")

    until(lambda: first["id"] not in [m["id"] for m in ada.messages(first["channel_id"])], "an answer that is gone")


def test_a_job_that_waits_is_cancelled_and_its_end_told(ada: Asker, calls: Callable[[], list[dict[str, Any]]]) -> None:
    busy = [ada.ask("a ship [slow:3]", image=None) for _ in range(2)]
    with redis.Redis.from_url(ada.house.redis_url) as client:
        until(lambda: client.zcard("pentimento:leases:generate") == len(busy), "as much at work as one person may have")
    waiting = ada.ask("never painted", image=None)
    status = until(lambda: seen if custom_ids(seen := ada.status(waiting)) else None, "the button under the status")

    words = ada.private_words(ada.press(status, "cancel"))

    assert words.startswith("Cancelled. Nothing was painted")
    assert "cancelled it before it was painted" in "\n".join(words_of(ada.answer(waiting)))
    until(lambda: ada.status(waiting)["content"].startswith("Cancelled: "), "a status message that says so")
    assert custom_ids(ada.status(waiting)) == []
    assert all(ada.answer(job) for job in busy)
    assert not any("never painted" in str(call["body"]) for call in calls())

"""The buttons under a result, pressed in the real house: each press is a job like any other."""

from collections.abc import Callable
from typing import Any

from tests.e2e.asker import Asker


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

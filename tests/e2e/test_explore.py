"""An exploration in the real house: asked first, started once, one sheet that fills, one result a cell."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.asker import Asker, custom_ids, media_of, until, usable
from tests.e2e.explorer import ended, explore, results, said, sheet, start

Calls = Callable[[], list[dict[str, Any]]]


def test_seeds_fill_one_sheet_and_nothing_runs_before_it_is_started(ada: Asker, calls: Calls) -> None:
    question = explore(ada, over="seeds", count=3, keep=60)
    before = calls()

    message = ended(ada, start(ada, question))

    assert "Paint 3 pictures for $0.24?" in said(question)
    assert before == []
    bodies = [call["body"] for call in calls()]
    assert len({body["seed"] for body in bodies}) == len(bodies) == 3
    assert all(str(body["seed"]) in said(question) for body in bodies)
    assert {body["strength"] for body in bodies} == {0.4}
    assert len(results(ada, message)) == 3
    (picture,) = media_of(message)
    assert all(str(body["seed"]) in picture["description"] for body in bodies)
    assert "3 of 3 are here" in said(message)
    assert [button.get("disabled", False) for button in usable(message)] == [False] * 3


def test_from_a_cell_one_goes_on_as_from_any_result(ada: Asker, calls: Calls) -> None:
    message = ended(ada, start(ada, explore(ada, over="keep", values="20, 80")))

    chosen = ada.private(ada.press(message, "cell", "-02"))
    ada.answer(ada.press(chosen, "vary", "subtle"))

    first, second, varied = (call["body"] for call in calls())
    assert sorted([first["strength"], second["strength"]]) == pytest.approx([0.2, 0.8])
    assert first["seed"] == second["seed"], "they differ in one thing"
    assert varied["strength"] == pytest.approx(0.2)
    assert "**keep** 80%" in said(chosen)


def test_a_filtered_cell_is_shown_as_such(ada: Asker) -> None:
    message = ended(ada, start(ada, explore(ada, "a castle [filtered]", over="seeds", count=2)))

    assert "2 were filtered" in said(message)
    assert "filtered" in media_of(message)[0]["description"]
    assert all(button.get("disabled", False) for button in usable(message))
    assert len(results(ada, message)) == 2


def test_it_is_started_once_however_often_that_is_pressed(ada: Asker, calls: Calls) -> None:
    question = explore(ada, over="seeds", count=2)

    grid = start(ada, question)
    start(ada, question)
    message = ended(ada, grid)

    assert len(calls()) == len(results(ada, message)) == 2
    posted = ada.messages(ada.house.channel)
    assert sum(f"cell:{grid}-01" in custom_ids(one) for one in posted) == 1


def test_what_is_not_started_costs_nothing(ada: Asker, calls: Calls) -> None:
    question = explore(ada, over="seeds", count=2)

    ada.press(question, "explore_no")
    until(lambda: "Nothing was started." in said(ada.status(custom_ids(question)[0].partition(":")[2])), "the answer")

    assert calls() == []


def test_who_wants_private_results_gets_sheet_and_results_in_direct_messages(ada: Asker, calls: Calls) -> None:
    shown = ada.shown("preferences")
    ada.choose(shown, "prefer:0:private-on")
    direct = ada.post("/control/dms", {"user": "ada"})["id"]
    try:
        grid = start(ada, explore(ada, over="seeds", count=2))
        message = ended(ada, grid, channel=direct)
    finally:
        ada.choose(shown, "prefer:0:private-off")

    posted = ada.messages(direct)
    assert {f"again:{grid}-01", f"again:{grid}-02"} <= {written for one in posted for written in custom_ids(one)}
    assert "2 of 2 are here" in said(message)
    assert sheet(ada, grid) is None
    assert len(calls()) == 2


def test_limits_refuse_some_cells_in_words_and_what_waits_is_cancelled(ada: Asker, calls: Calls) -> None:
    ben = Asker(ada.house, "ben")
    *grids, last = (start(ben, explore(ben, "a castle [slow:3]", over="seeds", count=count)) for count in (9, 9, 9))
    until(lambda: (found := sheet(ben, last)) and "were not taken on" in said(found), "the refused cells")

    for grid in (*grids, last):
        message = sheet(ben, grid)
        assert message is not None
        ben.press(message, "cancel_all")
    ends = [ended(ben, grid) for grid in (*grids, last)]

    assert "were not taken on" in said(ends[-1])
    assert re.search(r"\*\*[\d, ]+9\*\* You have 20 requests waiting\.", said(ends[-1]))
    assert all(re.search(r"\d were not made", said(end)) for end in ends[:2])
    assert len(calls()) < 18, "what had begun was painted, and no more"

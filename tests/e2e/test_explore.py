"""Explorations end to end: confirmed first, started once, one contact sheet, one result per variant."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.exploration import (
    find_exploration_message,
    invoke_explore,
    list_results,
    start_exploration,
    wait_for_exploration_end,
)
from tests.support.message_text import read_text
from tests.support.suspended_worker import suspend_worker
from tests.support.user import DiscordUser, list_components, list_custom_ids, list_media, wait_until

CallLister = Callable[[], list[dict[str, Any]]]


def test_seeds_fill_one_contact_sheet_and_nothing_runs_before_it_is_started(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    confirmation = invoke_explore(ada, vary="seeds", count=3, keep=60)
    before = list_calls()

    message = wait_for_exploration_end(ada, start_exploration(ada, confirmation))

    assert "Make 3 pictures? They use $0.24" in read_text(confirmation)
    assert before == []
    bodies = [call["body"] for call in list_calls()]
    assert len({body["seed"] for body in bodies}) == len(bodies) == 3
    assert all(str(body["seed"]) in read_text(confirmation) for body in bodies)
    assert {body["strength"] for body in bodies} == {0.4}
    assert len(list_results(ada, message)) == 3
    (picture,) = list_media(message)
    assert all(str(body["seed"]) in picture["description"] for body in bodies)
    assert "3 of 3 done" in read_text(message)
    labels = [button["label"] for button in list_components(message) if not button.get("disabled")]
    assert labels == [*("1", "2", "3", "U1", "U2", "U3", "V1", "V2", "V3"), "Re-roll ×3"]


def test_a_variant_can_be_continued_like_any_result(ada: DiscordUser, list_calls: CallLister) -> None:
    message = wait_for_exploration_end(ada, start_exploration(ada, invoke_explore(ada, vary="keep", values="20, 80")))

    variant = ada.wait_for_private_message(ada.press_button(message, "variant_show", "-02"))
    ada.wait_for_result(ada.press_button(variant, "vary", "subtle"))

    first, second, varied = (call["body"] for call in list_calls())
    assert sorted([first["strength"], second["strength"]]) == pytest.approx([0.2, 0.8])
    assert first["seed"] == second["seed"], "they differ in one thing"
    assert varied["strength"] == pytest.approx(0.2)
    assert "keep 80%" in read_text(variant)


def test_a_draft_of_a_cheap_model_is_finished_by_a_better_one_at_a_price_that_is_told_first(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    asked = invoke_explore(ada, vary="seeds", count=2, model="stable-image-core", has_picture=False)
    message = wait_for_exploration_end(ada, start_exploration(ada, asked))

    offer = ada.wait_for_private_message(ada.press_button(message, "finish", "-01"))
    labels = [button["label"] for button in list_components(offer)]
    drafts = len(list_calls())
    ada.wait_for_chosen_result(ada.press_button(offer, "finish_with", "sd3.5-large"))

    assert {"SD 3.5 Large · $0.08", "Stable Image Ultra · $0.14"} <= set(labels)
    assert drafts == 2, "the offer costs nothing"
    body = list_calls()[-1]["body"]
    assert (body["mode"], body["strength"]) == ("image-to-image", pytest.approx(0.35))


def test_a_filtered_variant_is_shown_as_such(ada: DiscordUser) -> None:
    message = wait_for_exploration_end(
        ada, start_exploration(ada, invoke_explore(ada, "a castle [filtered]", vary="seeds", count=2))
    )

    assert "2 filtered" in read_text(message)
    assert "filtered" in list_media(message)[0]["description"]
    assert all(button.get("disabled", False) for button in list_components(message))
    assert len(list_results(ada, message)) == 2


def test_an_exploration_starts_once_however_often_start_is_pressed(ada: DiscordUser, list_calls: CallLister) -> None:
    confirmation = invoke_explore(ada, vary="seeds", count=2)

    exploration_id = start_exploration(ada, confirmation)
    start_exploration(ada, confirmation)
    message = wait_for_exploration_end(ada, exploration_id)

    assert len(list_calls()) == len(list_results(ada, message)) == 2
    posted = ada.list_messages(ada.stack.channel_id)
    assert sum(f"variant_show:{exploration_id}-01" in list_custom_ids(one) for one in posted) == 1


def test_a_discarded_exploration_is_not_billed(ada: DiscordUser, list_calls: CallLister) -> None:
    confirmation = invoke_explore(ada, vary="seeds", count=2)

    ada.press_button(confirmation, "exploration_discard")
    wait_until(
        lambda: (
            "Nothing was started." in read_text(ada.wait_for_status(list_custom_ids(confirmation)[0].partition(":")[2]))
        ),
        "the answer",
    )

    assert list_calls() == []


def test_with_private_results_contact_sheet_and_results_go_to_direct_messages(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    shown = ada.invoke_and_wait("preferences")
    ada.use_component(shown, "preference_select:private", "on")
    direct = ada.post("/control/dms", {"user": "ada"})["id"]
    try:
        exploration_id = start_exploration(ada, invoke_explore(ada, vary="seeds", count=2))
        message = wait_for_exploration_end(ada, exploration_id, channel=direct)
    finally:
        ada.use_component(shown, "preference_select:private", "off")

    posted = ada.list_messages(direct)
    assert {f"regenerate:{exploration_id}-01", f"regenerate:{exploration_id}-02"} <= {
        written for one in posted for written in list_custom_ids(one)
    }
    assert "2 of 2 done" in read_text(message)
    assert find_exploration_message(ada, exploration_id) is None
    assert len(list_calls()) == 2


def test_limits_are_explained_to_the_requester_alone_and_waiting_variants_can_be_cancelled(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    ben = DiscordUser(ada.stack, "ben")
    questions = [invoke_explore(ben, "a castle [slow:2]", vary="seeds", count=count) for count in (9, 9, 9)]
    exploration_ids, sheets = [], []
    with suspend_worker(ada.stack):
        for question in questions:
            exploration_ids.append(start_exploration(ben, question))
            sheets.append(wait_until(lambda: find_exploration_message(ben, exploration_ids[-1]), "the message"))
        answer = wait_until(
            lambda: text if "not started" in (text := read_text(ben.reload_private_message(questions[-1]))) else None,
            "the reasons",
        )
    wait_until(list_calls, "a call in flight")

    for sheet in sheets:
        ben.press_button(sheet, "exploration_cancel")
    ends = [wait_for_exploration_end(ben, exploration_id) for exploration_id in exploration_ids]

    assert re.search(r"\d of 9 were not started", answer)
    assert "20 requests" in answer
    assert re.search(r"\d not started", read_text(ends[-1]))
    assert "20 requests" not in "".join(map(read_text, ends))
    assert all(re.search(r"\d cancelled", read_text(end)) for end in ends[:2])
    assert len(list_calls()) < 18, "only variants that had started were generated"

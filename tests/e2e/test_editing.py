"""Edits end to end: the region is shown with its price first, and only what was marked changes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from demo.stack import Stack
from tests.support.discord_standin import make_image_file, make_png
from tests.support.images import encode_image
from tests.support.message_text import read_text
from tests.support.records import query_records
from tests.support.user import DiscordUser, add_user, list_custom_ids, list_media, wait_until

CallLister = Callable[[], list[dict[str, Any]]]
PICTURE = {"image": make_image_file("boat.png", make_png(256, 192))}
GIF = {"image": make_image_file("boat.gif", encode_image(Image.new("RGB", (256, 192), "teal"), "GIF"))}


@pytest.fixture
def stella(stack: Stack, owner: DiscordUser) -> Iterator[tuple[DiscordUser, str]]:
    """A member who may spend $0.15 a day, and their id."""
    member, user_id = add_user(stack, "stella")
    budget = {"per": "day", "member": user_id}
    owner.wait_for_private_text(owner.invoke_command("budget set", stack.channel_id, amount=0.15, **budget))
    yield member, user_id
    owner.wait_for_private_text(owner.invoke_command("budget remove", stack.channel_id, **budget))


def invoke_edit(user: DiscordUser, operation: str, files: dict[str, Any] | None = None, /, **options: Any) -> str:
    return user.invoke_command(f"edit {operation}", user.stack.channel_id, files or PICTURE, **options)


def test_a_region_is_shown_with_its_price_changed_and_erased_once(ada: DiscordUser, list_calls: CallLister) -> None:
    preview = ada.wait_for_private_message(invoke_edit(ada, "erase", GIF, region="box 10% 20% 50% 60%"))
    opened = ada.use_component(preview, list_custom_ids(preview)[1])
    ada.submit_modal(opened, region="left half, feather 5")
    old_ids = list_custom_ids(preview)
    changed = wait_until(
        lambda: seen if list_custom_ids(seen := ada.reload_private_message(preview)) != old_ids else None,
        "the picture with the other region",
    )
    before = list_calls()

    result = ada.wait_for_chosen_result(ada.press_button(changed, "edit_start"))

    lineage = ada.invoke_and_wait("lineage", result["channel_id"])
    assert "original" in read_text(lineage)
    assert "It costs $0.07" in read_text(preview)
    assert len(list_media(preview)) == 1
    assert before == []
    (call,) = list_calls()
    assert "erase" in call["model"]
    assert set(call["body"]) >= {"image", "mask"}


def test_things_are_found_by_words_and_a_picture_is_widened(ada: DiscordUser, list_calls: CallLister) -> None:
    ada.wait_for_result(invoke_edit(ada, "replace", find="the boat", prompt="a swan"))
    ada.wait_for_result(invoke_edit(ada, "widen", left=100, down=40))

    replaced, widened = (call["body"] for call in list_calls())
    assert (replaced["search_prompt"], replaced["prompt"]) == ("the boat", "a swan")
    assert (widened["left"], widened["down"]) == (100, 40)


def test_both_edits_by_a_style_of_a_set_cost_their_prices_until_the_budget_is_used_up(
    stack: Stack, stella: tuple[DiscordUser, str], list_calls: CallLister
) -> None:
    member, user_id = stella
    styles = {"picture": make_image_file("a.png", make_png(96, 96, "red"))}
    member.wait_for_private_text(member.invoke_command("styles add", stack.channel_id, styles, name="Inks"))

    preview = member.wait_for_private_message(invoke_edit(member, "restyle", style_set="inks #1"))
    member.wait_for_chosen_result(member.press_button(preview, "edit_start"))
    used = member.invoke_command("edit style", stack.channel_id, prompt="a lake", style_set="inks")
    member.wait_for_result(used)
    refused = member.wait_for_private_text(invoke_edit(member, "replace", find="a boat", prompt="a swan"))

    assert "picture 1 of 1 in “Inks”" in read_text(preview)
    restyled, guided = (call["body"] for call in list_calls())
    assert set(restyled) >= {"init_image", "style_image"}
    assert (guided["image"]["width"], guided["prompt"]) == (96, "a lake")
    spent = (
        "SELECT model, sum(spent), sum(reserved) FROM ledger_entries WHERE user_id = ? GROUP BY model ORDER BY model"
    )
    prices = [("style-guide", 70_000, 0), ("style-transfer", 80_000, 0)]
    wait_until(lambda: query_records(stack, spent, int(user_id)) == prices, "both prices in the ledger")
    assert "you have $0.00 left of your $0.15 per day" in refused


def test_a_result_is_edited_from_its_menu_by_a_form(ada: DiscordUser, list_calls: CallLister) -> None:
    result = ada.wait_for_result(ada.submit_imagine("a castle"))
    menu = ada.wait_for_private_message(ada.press_button(result, "more"))
    choice = ada.wait_for_private_message(ada.press_button(menu, "edit_picture"))
    (select,) = list_custom_ids(choice)

    opened = ada.use_component(choice, select, "recolor")
    ada.wait_for_result_in_place(ada.submit_modal(opened, select_prompt="the roof", prompt="deep green"))

    body = list_calls()[-1]["body"]
    assert (body["select_prompt"], body["prompt"]) == ("the roof", "deep green")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"region": "the boat"}, "I don't know which region “the boat” is."),
        ({}, "Your picture has no transparent part"),
        ({"region": "all"}, ""),
    ],
)
def test_a_region_that_marks_nothing_or_everything_is_explained_and_costs_nothing(
    ada: DiscordUser, list_calls: CallLister, options: dict[str, Any], sentence: str
) -> None:
    told = ada.wait_for_private_text(invoke_edit(ada, "erase", **options))

    assert told.startswith(sentence)
    assert list_calls() == []

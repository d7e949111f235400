"""A picture of a batch as one person sees it: within Discord's limits, with what they may do, and no refused words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.batches import BatchItem, BatchState, ItemState, Review
from bot.features.batches.item_view import ItemFacts, build_item_view
from shared.i18n.messages import Messages
from shared.problems import make_problem
from tests.support.batches import make_item, make_started_batch
from tests.support.views import (
    CATALOGUE,
    EN,
    FR,
    any_messages,
    any_text,
    assert_fits_discord,
    join_texts,
    list_parts,
    make_request,
    requests,
)

SECRET = "a refused sentence"


def render(item: BatchItem, *, may_review: bool = True, messages: Messages = EN, **facts: Any) -> Any:
    has_picture = item.state is ItemState.GENERATED
    shown = ItemFacts(12, may_review, "lamp.png" if has_picture else None, **facts)
    return build_item_view(make_started_batch(), item, shown, CATALOGUE, messages)


def list_actions(view: Any) -> list[str]:
    return [one["custom_id"].partition(":")[0] for one in assert_fits_discord(view) if "custom_id" in one]


@given(
    requests,
    st.sampled_from(ItemState),
    st.sampled_from(Review),
    any_text,
    st.booleans(),
    any_messages,
)
def test_every_item_fits_discord(
    request: Any, state: ItemState, review: Review, text: str, may_review: bool, messages: Messages
) -> None:
    item = make_item(
        3, state, request=request, name=text[:100], note=text, review=review, review_note=text[:200], cost=10**7
    )

    assert_fits_discord(render(item, may_review=may_review, messages=messages, notice=messages.text("batch_item.gone")))


@pytest.mark.parametrize("messages", [EN, FR])
def test_a_picture_is_shown_with_how_it_was_made_and_what_was_decided(messages: Messages) -> None:
    item = make_item(
        3,
        request=make_request(prompt="a *lamp*", has_picture=False),
        seed=77,
        cost=160_000,
        attempt=2,
        note="for the window",
        review=Review.REJECTED,
        reviewer_id=9,
        review_note="too dark",
    )

    text = join_texts(render(item, messages=messages))

    for part in (r"a \*lamp\*", "`77`", messages.format_price(0.16), "for the window", "<@9>", "too dark"):
        assert part in text
    assert messages.text("batch_item.attempt", number=2) in text


def test_only_reviewers_have_the_buttons_to_decide() -> None:
    deciding = {"batch_item_accept", "batch_item_redo", "batch_item_reject"}

    assert deciding <= set(list_actions(render(make_item(3))))
    assert deciding.isdisjoint(list_actions(render(make_item(3), may_review=False)))
    assert set(list_actions(render(make_item(3, ItemState.QUEUED)))) == {"batch_item"}
    assert set(list_actions(render(make_item(3, ItemState.FILTERED)))) == {"batch_item_redo", "batch_item"}


@pytest.mark.parametrize(
    "item",
    [
        make_item(1, ItemState.FILTERED, name=SECRET, request=make_request(prompt=SECRET)),
        make_item(
            1,
            ItemState.FAILED,
            request=make_request(prompt=SECRET),
            problem=make_problem("word_listed", word=SECRET, words=SECRET, rule=SECRET),
        ),
    ],
)
def test_a_refused_request_is_shown_to_reviewers_alone(item: BatchItem) -> None:
    assert SECRET not in str(list_parts(render(item, may_review=False)))
    assert SECRET in str(list_parts(render(item)))


def test_only_those_who_can_redo_a_filtered_picture_are_told_that_it_can_be_redone() -> None:
    item, hint = make_item(1, ItemState.FILTERED), EN.text("batch_item.redo_filtered")

    assert hint in join_texts(render(item))
    assert hint not in join_texts(render(item, may_review=False))


def test_one_moves_between_the_first_and_the_last_item() -> None:
    def list_moves(number: int) -> list[str]:
        components = assert_fits_discord(render(make_item(number)))
        ids = [one.get("custom_id", "") for one in components]
        return [one.rpartition(":")[2] for one in ids if one.startswith("batch_item:")]

    assert [list_moves(number) for number in (1, 5, 12)] == [["2"], ["4", "6"], ["11"]]


def test_a_batch_that_was_cancelled_offers_no_other_try() -> None:
    batch, facts = make_started_batch(BatchState.CANCELLING), ItemFacts(12, may_review=True, filename="lamp.png")

    actions = list_actions(build_item_view(batch, make_item(3), facts, CATALOGUE, EN))

    assert "batch_item_redo" not in actions

"""The board of a batch: within Discord's limits, true counts, and only buttons that do something now."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.board_view import BAR_LENGTH, BoardFacts, build_board_view, format_bar
from bot.domain.batches import RUN_STATES, BatchCounts, BatchPlace, BatchState, Brief, ItemState, Review
from shared.i18n.messages import Messages
from shared.job import Priority, TeamRef
from tests.support.batches import make_started_batch
from tests.support.views import EN, FR, any_messages, assert_fits_discord, join_texts

STARTED_STATES = [*RUN_STATES, BatchState.REVIEW, BatchState.DONE, BatchState.CANCELLED]
MIXED = BatchCounts(
    {ItemState.GENERATED: 40, ItemState.FILTERED: 2, ItemState.FAILED: 1, ItemState.PENDING: 7},
    {Review.ACCEPTED: 30, Review.UNDECIDED: 10},
    spent=1_600_000,
    reserved=280_000,
)
ACTIONS = {
    BatchState.RUNNING: {"batch_pause", "batch_cancel_rest", "batch_retry"},
    BatchState.PAUSED: {"batch_resume", "batch_cancel_rest", "batch_retry"},
    BatchState.CANCELLING: set(),
    BatchState.REVIEW: {"batch_retry"},
    BatchState.DONE: {"batch_retry"},
    BatchState.CANCELLED: set(),
}


def list_actions(view: Any) -> set[str]:
    return {one["custom_id"].partition(":")[0] for one in assert_fits_discord(view) if "custom_id" in one}


@given(
    st.sampled_from(STARTED_STATES),
    any_messages,
    st.text(max_size=4000),
    st.lists(st.tuples(st.integers(0, 2**63), st.integers(1, 500)), max_size=30),
    st.dictionaries(st.sampled_from(ItemState), st.integers(0, 500)),
    st.dictionaries(st.sampled_from(Review), st.integers(0, 500)),
)
def test_every_board_fits_discord(
    state: BatchState,
    messages: Messages,
    text: str,
    reviewers: list[tuple[int, int]],
    by_state: dict[ItemState, int],
    by_review: dict[Review, int],
) -> None:
    brief = Brief(text, text, "2026-12-24", 2**63)
    team = TeamRef(id=2**63, name=text or "x")
    batch = make_started_batch(state, brief=brief, team=team, priority=Priority.LOW)
    facts = BoardFacts(BatchCounts(by_state, by_review, 10**9, 10**9), reviewers, ends_at=1e10)

    assert_fits_discord(build_board_view(batch, facts, messages, 1))


@pytest.mark.parametrize("messages", [EN, FR])
def test_a_board_says_how_far_the_batch_is_what_it_costs_and_who_decided(messages: Messages) -> None:
    batch = make_started_batch(
        brief=Brief("*Spring*", "for the shop", "2026-12-24", 5), team=TeamRef(id=9, name="Shop")
    )

    text = join_texts(build_board_view(batch, BoardFacts(MIXED, [(77, 25), (0, 5)], ends_at=99.5), messages, 1))

    for part in (r"## \*Spring\*", "for the shop", "<t:99:R>", "<@77>", "<@5>", "Shop"):
        assert part in text
    for count, key in ((40, "items_generated"), (2, "items_filtered"), (1, "items_failed"), (7, "items_pending")):
        assert messages.text(f"batch_board.{key}", count=count) in text
    assert messages.text("batch_board.items_queued", count=0) not in text
    assert (
        messages.text("batch_board.spent_of", spent=messages.format_price(1.6), total=messages.format_price(1.88))
        in text
    )
    assert messages.format_date("2026-12-24") in text
    assert messages.text("batch_board.decided_by", user=messages.text("batch_board.somebody"), count=5) in text


@pytest.mark.parametrize("state", sorted(STARTED_STATES))
def test_a_board_offers_only_what_can_be_done_now(state: BatchState) -> None:
    actions = list_actions(build_board_view(make_started_batch(state), BoardFacts(MIXED), EN, 1))

    assert actions == ACTIONS[state] | {"batch_undecided", "batch_export"}


def test_a_batch_without_an_open_item_can_be_run_again_and_one_without_a_picture_not_be_exported() -> None:
    counts = BatchCounts({ItemState.FILTERED: 2}, {})

    actions = list_actions(build_board_view(make_started_batch(BatchState.DONE), BoardFacts(counts), EN, 1))

    assert actions == {"batch_again"}


@pytest.mark.parametrize(("ended", "full", "percent"), [(0, 0, 0), (499, BAR_LENGTH - 1, 99), (500, BAR_LENGTH, 100)])
def test_the_bar_is_full_only_when_everything_has_ended(ended: int, full: int, percent: int) -> None:
    bar = format_bar(ended, 500, EN)

    assert (bar.count("█"), bar.count("░")) == (full, BAR_LENGTH - full)
    assert bar.endswith(f" {percent}%")


def test_a_board_links_to_its_thread_unless_it_is_in_it() -> None:
    inside = make_started_batch(place=BatchPlace(1, 3, 4, 3))

    def list_links(facts: BoardFacts, batch: Any) -> list[str]:
        view = build_board_view(batch, facts, EN, 1)
        return [one["url"] for one in assert_fits_discord(view) if "url" in one]

    assert list_links(BoardFacts(MIXED), make_started_batch()) == ["https://discord.com/channels/1/3"]
    assert list_links(BoardFacts(MIXED), inside) == []
    assert list_links(replace(BoardFacts(MIXED), has_own_thread=False), make_started_batch()) == []

"""The sheets of a batch: within Discord's limits, each item told, and nothing of a refused request shown to others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.sheet_view import build_cells, build_sheet_view
from bot.domain.batches import SHEET_SIZE, BatchItem, ItemState, Review
from bot.images.contact_sheet import draw_contact_sheet
from bot.images.thumbnail import make_thumbnail
from shared.i18n.messages import Messages
from shared.problems import make_problem
from tests.support.batches import BATCH_ID, make_item
from tests.support.images import make_png
from tests.support.views import EN, FR, any_messages, any_text, assert_fits_discord, join_texts, list_parts

REVIEWER_ID = 77
SECRET = "a refused sentence"

any_item = st.builds(
    make_item,
    st.just(1),
    st.sampled_from(ItemState),
    name=any_text.map(lambda text: text[:100]),
    review=st.sampled_from(Review),
    reviewer_id=st.none() | st.integers(0, 2**63),
    review_note=any_text,
    problem=st.sampled_from([None, make_problem("busy"), make_problem("word_listed", word=SECRET)]),
)


def number_items(items: list[BatchItem], first: int) -> list[BatchItem]:
    return [
        make_item(first + index, **{k: v for k, v in vars(item).items() if k not in {"number", "job_id"}})
        for index, item in enumerate(items)
    ]


def find_selects(view: Any) -> dict[str, list[str]]:
    components = assert_fits_discord(view)
    selects = [one for one in components if one["type"] == 3]
    return {one["custom_id"].partition(":")[0]: [option["value"] for option in one["options"]] for one in selects}


@given(st.lists(any_item, min_size=1, max_size=SHEET_SIZE), st.integers(1, 56), any_messages)
def test_every_sheet_fits_discord(items: list[BatchItem], sheet: int, messages: Messages) -> None:
    shown = number_items(items, SHEET_SIZE * (sheet - 1) + 1)

    assert_fits_discord(build_sheet_view(BATCH_ID, sheet, shown, messages, 1))


@pytest.mark.parametrize("messages", [EN, FR])
def test_a_sheet_tells_what_became_of_each_item(messages: Messages) -> None:
    items = [
        make_item(10),
        make_item(11, review=Review.ACCEPTED, reviewer_id=REVIEWER_ID),
        make_item(12, review=Review.REJECTED, reviewer_id=0, review_note="too *dark*"),
        make_item(13, ItemState.FAILED, problem=make_problem("busy")),
        make_item(14, ItemState.PENDING),
        make_item(15, ItemState.QUEUED),
    ]
    text = join_texts(build_sheet_view(BATCH_ID, 2, items, messages, 1))

    accepted = messages.text("batch_sheet.decided_accepted", user=f"<@{REVIEWER_ID}>")
    rejected = messages.text("batch_sheet.decided_rejected", user=messages.text("batch_board.somebody"))
    assert messages.text("batch_sheet.title", first=10, last=15) in text
    assert "**10** · lamp 10\n" in text
    assert f"**11** · lamp 11 · {accepted}" in text
    assert f"**12** · lamp 12 · {rejected}" in text
    assert r"too \*dark\*" in text
    busy = messages.format_problem(make_problem("busy"))[:20]
    assert messages.text("batch_sheet.failed_because", reason=busy) in text
    assert text.endswith(f"**15** · lamp 15 · {messages.text('batch_sheet.state_queued')}")


@pytest.mark.parametrize(
    "item",
    [
        make_item(1, ItemState.FILTERED, name=SECRET),
        make_item(1, ItemState.FAILED, problem=make_problem("word_listed", word=SECRET, words=SECRET, rule=SECRET)),
    ],
)
def test_nothing_of_a_refused_request_is_shown_to_everybody(item: BatchItem) -> None:
    view = build_sheet_view(BATCH_ID, 1, [item, make_item(2)], EN, 1)
    cells = build_cells([item, make_item(2)], [make_thumbnail(make_png()), None], EN)

    assert SECRET not in str(list_parts(view))
    assert SECRET not in str(cells)
    assert cells[0].thumbnail is None
    assert EN.text(f"batch_sheet.state_{item.state}") in join_texts(view)


def test_only_pictures_without_a_decision_can_be_decided_from_the_sheet() -> None:
    items = [
        make_item(1),
        make_item(2, review=Review.ACCEPTED),
        make_item(3, ItemState.FILTERED),
        make_item(4, ItemState.PENDING),
        make_item(5),
    ]
    selects = find_selects(build_sheet_view(BATCH_ID, 1, items, EN, 1))
    decided = find_selects(build_sheet_view(BATCH_ID, 1, items[1:4], EN, 1))

    assert selects == {
        "batch_open": ["1", "2", "3", "4", "5"],
        "batch_accept": ["1", "5"],
        "batch_reject": ["1", "5"],
    }
    assert decided == {"batch_open": ["2", "3", "4"]}


def test_a_picture_that_was_deleted_is_told_on_the_sheet() -> None:
    items = [make_item(1, review=Review.REJECTED), make_item(2, ItemState.QUEUED)]

    deleted, waiting = build_cells(items, [None, None], EN)
    text = join_texts(build_sheet_view(BATCH_ID, 1, items, EN, 1))

    assert (deleted.placeholder, waiting.placeholder) == (EN.text("batch_sheet.gone"), "")
    assert f"**1** · lamp 1 · {EN.text('batch_sheet.gone')}" in text
    assert EN.text("batch_board.somebody") not in text


def test_a_sheet_is_drawn_with_the_numbers_of_its_items_in_three_columns() -> None:
    items = [make_item(number) for number in range(10, 19)]
    cells = build_cells(items, [make_thumbnail(make_png())] * 9, EN)

    drawn = draw_contact_sheet(cells, 3)

    assert [cell.number for cell in cells] == list(range(10, 19))
    assert drawn.unreadable_indexes == ()
    assert drawn.width > drawn.height * 0.5

"""Which sheets are drawn next, and when a batch will have made its last picture."""

import pytest

from bot.batches.drawer import list_sheets_to_draw
from bot.batches.estimate import estimate_end
from bot.domain.batches import BatchSheet


def make_sheet(number: int, version: int = 0, drawn_version: int = 0, message_id: int | None = None) -> BatchSheet:
    return BatchSheet("1", number, message_id, version, drawn_version, 0)


def test_sheets_are_sent_in_their_order_and_none_before_anything_ended_on_it_or_on_a_later_one() -> None:
    sheets = [
        make_sheet(1, 3, 3, message_id=10),
        make_sheet(2, 2, 2),  # nothing of it is shown, as all of it was cancelled
        make_sheet(3),
        make_sheet(4, 1),
        make_sheet(5),
    ]

    assert [sheet.number for sheet in list_sheets_to_draw(sheets)] == [3, 4]
    assert list_sheets_to_draw(sheets[:3]) == []


@pytest.mark.parametrize(
    ("times", "open_count", "expected"),
    [
        ([1030.0, 1020.0, 1010.0, 1000.0], 6, 1060 + 6 * 10),
        ([1030.0, 1020.0, 1010.0, 10.0], 6, 1060 + 6 * 10),  # a pause
        ([1030.0, 1020.0, 1010.0, 1000.0], 0, None),
        ([1030.0, 1020.0, 1010.0], 6, None),
    ],
)
def test_the_end_follows_from_the_pace_of_the_latest_pictures(
    times: list[float], open_count: int, expected: float | None
) -> None:
    assert estimate_end(times, open_count, now=1060.0) == expected

"""Each release reads its own format and the one before, and refuses all others in words."""

import pytest

from shared.stored_format import CURRENT_FORMAT, StoredFormat, UnsupportedFormatError, choose_format

OWN = StoredFormat(3, 4)


@pytest.mark.parametrize(
    ("stored", "chosen"),
    [(None, "3.4"), ("3.4", "3.4"), ("3.2", "3.4"), ("2.9", "3.4"), ("3.10", "3.10")],
)
def test_the_newer_of_the_stored_format_and_the_own_is_stored(stored: str | None, chosen: str) -> None:
    assert str(choose_format(stored, "Redis", own=OWN)) == chosen


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ("4.0", "Redis has the format 4.0 of a newer release"),
        ("10.0", "newer release"),
        ("1.9", "older release"),
        ("", "no number"),
        ("3", "no number"),
        ("3.4.5", "no number"),
        ("٣.٤", "no number"),
    ],
)
def test_any_other_format_is_refused_in_words(stored: str, message: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=message):
        choose_format(stored, "Redis", own=OWN)


def test_the_format_of_this_release_is_the_first() -> None:
    assert str(CURRENT_FORMAT) == "1.1"

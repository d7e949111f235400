"""Durations as people write them."""

import pytest

from bot.domain.durations import parse_duration, split_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("30m", 1800), (" 2 H ", 7200), ("1d 12h", 129600), ("1h30", 5400), ("45", 2700)),
        *(("2 jours", 172800), ("1j", 86400), ("3 heures 5 min", 11100), ("1w", 604800), ("0m", 0)),
        *(("", None), ("soon", None), ("5 apples", None), ("-5m", None), ("m", None), ("1.5h", None), ("٣m", None)),
    ],
)
def test_durations_are_read_in_both_languages(text: str, seconds: int | None) -> None:
    assert parse_duration(text) == seconds


def test_a_duration_is_split_into_the_units_that_it_has() -> None:
    assert split_duration(90060) == {"days": 1, "hours": 1, "minutes": 1}
    assert split_duration(7200) == {"hours": 2}
    assert split_duration(61) == {"minutes": 2}
    assert split_duration(0) == {"minutes": 0}

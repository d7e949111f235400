"""Numbers as people write them, and texts that show nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.typed_text import has_visible_text, parse_number, parse_whole_number

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200d\u200f\u202e\u2060\u2066\u2800\u3164\ufe0f\ufeff\uffa0"
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,2", 1.2),
        ("\u22121,2", -1.2),
        ("\u20131.2", -1.2),
        (".5", 0.5),
        (",5", 0.5),
        ("5.", 5),
        ("1e-3", 0.001),
        ("1e\u22123", 0.001),
        ("12 345,6", 12345.6),
        ("\uff0b\uff13\uff0c\uff15", 3.5),
        ("\u2066 7\u2069", 7),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1,2,3", "1.2.3", "1 2", "1e999", "nan", "inf", "1_0", "0x1", "\u00b2", "5 %"]
)
def test_other_text_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        parse_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back_with_either_decimal_mark(number: float) -> None:
    assert parse_number(repr(number)) == number
    assert parse_number(repr(number).replace(".", ",").replace("-", "\u2212")) == number


@given(st.text(max_size=12))
def test_any_text_is_a_finite_number_or_raises(text: str) -> None:
    for parse in (parse_number, parse_whole_number):
        try:
            assert math.isfinite(parse(text))
        except ValueError:
            continue


@given(st.text(st.sampled_from(INVISIBLE + " \t\n\u00a0\u3000\u2028\x00\x1b"), max_size=20))
def test_characters_that_show_nothing_are_no_text(text: str) -> None:
    assert not has_visible_text(text)
    assert has_visible_text(text + "a")


@pytest.mark.parametrize("text", ["a", "猫", "\U0001f3f0", "?", "\u0661", "\u0600", "가", "❤\ufe0f", "."])
def test_all_else_is_text(text: str) -> None:
    assert has_visible_text(text)

"""Prices are formatted in the reader's language. Settings are tested with the messages that show them."""

import pytest

from tests.support.views import EN, FR


@pytest.mark.parametrize(
    ("dollars", "english", "french"), [(0.4, "$0.40", "0,40\u00a0$"), (0.0035, "$0.0035", "0,0035\u00a0$")]
)
def test_a_price_has_the_decimal_separator_of_the_language(dollars: float, english: str, french: str) -> None:
    assert (EN.format_price(dollars), FR.format_price(dollars)) == (english, french)

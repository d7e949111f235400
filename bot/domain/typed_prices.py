"""Prices as people type them."""

from bot.domain.budgets import MICRO_USD_PER_USD
from shared.problems import RejectedError, make_problem
from shared.typed_text import parse_number


def parse_price(text: str, max_usd: int) -> int:
    """Parse a price in dollars, of at most `max_usd`, into millionths of one.

    Raises `RejectedError` (price_out_of_range).
    """
    try:
        price = round(parse_number(text.strip("$ \u00a0\u202f")) * MICRO_USD_PER_USD)
    except (ValueError, OverflowError):
        price = 0
    if not 1 <= price <= max_usd * MICRO_USD_PER_USD:
        raise RejectedError(make_problem("price_out_of_range", value=text[:20], limit=max_usd))
    return price

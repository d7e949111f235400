"""The notice of a budget says how much is used, of which budget, and whose part of a role's it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import find_crossed_percentage, find_next_bound
from bot.domain.notices import Notice, NoticeKind
from bot.features.budgets.notice import render_budget_notice
from shared.i18n.messages import load_messages


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**8), max_size=30))
def test_a_charge_below_the_next_bound_crosses_nothing_and_one_that_reaches_it_does(
    limit: int, charges: list[int]
) -> None:
    used = 0
    for charge in charges:
        bound = find_next_bound(limit, used)
        is_reached = bound is not None and used + charge >= bound

        assert (find_crossed_percentage(limit, used, used + charge) is not None) == is_reached
        used += charge


def make_notice(scope: str, target_id: int, used: int, percentage: int, user_id: int = 0) -> Notice:
    data: dict[str, Any] = {
        "budget": [scope, target_id, "day", "usd", 5_000_000],
        "used": used,
        "resets_at": 9,
        "percentage": percentage,
        "user_id": user_id,
    }
    return Notice(1, 1, 2, NoticeKind.BUDGET, data, 0.0)


@pytest.mark.parametrize(
    ("language", "notice", "expected"),
    [
        (
            "en",
            make_notice("guild", 1, 2_500_000, 50),
            "### Half of a budget is used\nThis server: **$2.50** left of $5.00 per day, starts again <t:9:R>",
        ),
        (
            "en",
            make_notice("guild", 1, 4_900_000, 100),
            (
                "### A budget has too little left: a request was refused\n"
                "This server: **$0.10** left of $5.00 per day, starts again <t:9:R>"
            ),
        ),
        (
            "en",
            make_notice("role", 7, 5_000_000, 100, user_id=8),
            (
                "### A budget is used up\n<@8>: **$0.00** left of $5.00 per day, starts again <t:9:R>\n"
                "-# As a member with <@&7>"
            ),
        ),
        (
            "fr",
            make_notice("channel", 6, 4_000_000, 80),
            (
                "### 80\u00a0% d'un budget sont utilisés\n"
                "<#6>\u00a0: encore **1,00\u00a0$** sur 5,00\u00a0$ par jour, repart <t:9:R>"
            ),
        ),
    ],
)
async def test_a_notice_names_the_budget_and_its_rest(language: str, notice: Notice, expected: str) -> None:
    (text,) = await render_budget_notice(notice, load_messages(language), None)

    assert text.content == expected  # type: ignore[attr-defined]

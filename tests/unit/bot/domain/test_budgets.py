"""How many of several requests fit into what is left of budgets."""

from collections.abc import Sequence

import pytest

from bot.domain.budgets import (
    Budget,
    BudgetExceededError,
    BudgetPeriod,
    BudgetScope,
    BudgetUnit,
    BudgetUsage,
    require_room,
)
from shared.i18n.messages import load_messages

PRICES = [30, 10, 40, 20]


def make_usage(left: int, unit: BudgetUnit = BudgetUnit.USD, scope: BudgetScope = BudgetScope.GUILD) -> BudgetUsage:
    return BudgetUsage(Budget("1", scope, 1, 1, BudgetPeriod.DAY, unit, 100), 100 - left, 9)


@pytest.mark.parametrize(
    ("usages", "fitting", "scope"),
    [
        ([make_usage(99)], 3, BudgetScope.GUILD),
        ([make_usage(40)], 2, BudgetScope.GUILD),
        ([make_usage(29)], 0, BudgetScope.GUILD),
        ([make_usage(99), make_usage(3, BudgetUnit.PICTURES, BudgetScope.MEMBER)], 3, BudgetScope.GUILD),
        ([make_usage(99), make_usage(1, BudgetUnit.PICTURES, BudgetScope.MEMBER)], 1, BudgetScope.MEMBER),
        ([make_usage(100), make_usage(-3, BudgetUnit.PICTURES, BudgetScope.ROLE)], 0, BudgetScope.ROLE),
    ],
)
def test_the_budget_with_the_least_room_refuses_and_says_how_many_fit(
    usages: Sequence[BudgetUsage], fitting: int, scope: BudgetScope
) -> None:
    with pytest.raises(BudgetExceededError) as raised:
        require_room(usages, PRICES)

    (problem,) = raised.value.problems
    assert (problem.code, problem.facts["fitting"]) == (f"over_budget_{scope}", fitting)


@pytest.mark.parametrize("usages", [[], [make_usage(100), make_usage(4, BudgetUnit.PICTURES)]])
def test_requests_that_fit_are_not_refused(usages: Sequence[BudgetUsage]) -> None:
    require_room(usages, PRICES)


@pytest.mark.parametrize(
    ("language", "left", "sentence"),
    [
        ("en", 29, "can raise it."),
        ("en", 30, "can raise it. There's room for one picture: ask for one."),
        ("fr", 40, "peut l'augmenter. Il y a de la place pour 2 images\u00a0: demandes-en 2."),
    ],
)
def test_the_refusal_says_how_many_fit(language: str, left: int, sentence: str) -> None:
    with pytest.raises(BudgetExceededError) as raised:
        require_room([make_usage(left)], PRICES)

    assert load_messages(language).format_problem(raised.value.problems[0]).endswith(sentence)

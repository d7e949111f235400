"""Reports of spending as CSV, and budgets as lines."""

import csv
import io

import pytest

from bot.domain.budgets import Budget, BudgetPeriod, BudgetScope, BudgetUnit, BudgetUsage
from bot.features.budgets.report import build_csv
from bot.features.budgets.view import ReportLabels
from bot.storage.ledger_reports import ReportLine
from shared.i18n.messages import load_messages


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@sum", "\tx"])
def test_no_name_is_a_formula_in_a_spreadsheet(name: str) -> None:
    table = build_csv("member", [name, "Ada"], [ReportLine("1", 80_000, 0, 1), ReportLine("2", 0, 1, 0)])

    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    assert rows[1] == [f"'{name}", "1", "0.080000", "0.000000", "1"]
    assert rows[2] == ["Ada", "2", "0.000000", "0.000001", "0"]


@pytest.mark.parametrize(
    ("language", "scope", "unit", "expected"),
    [
        (
            "en-US",
            BudgetScope.GUILD,
            BudgetUnit.USD,
            "This server: **$1.50** left of $5.00 per day, starts again <t:9:R>",
        ),
        ("en-US", BudgetScope.ROLE, BudgetUnit.USD, "Each member with <@&7>: $5.00 per day, starts again <t:9:R>"),
        (
            "fr",
            BudgetScope.MEMBER,
            BudgetUnit.USD,
            "<@7>\u00a0: encore **1,50\u00a0$** sur 5,00\u00a0$ par jour, repart <t:9:R>",
        ),
    ],
)
def test_a_budget_is_a_line(language: str, scope: BudgetScope, unit: BudgetUnit, expected: str) -> None:
    budget = Budget("1", scope, 1, 7, BudgetPeriod.DAY, unit, 5_000_000)

    line = ReportLabels(load_messages(language)).format_usage(BudgetUsage(budget, 3_500_000, 9))

    assert line == expected

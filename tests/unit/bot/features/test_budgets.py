"""Who may see budgets and spending, their pages, and reports of spending as messages and CSV."""

import csv
import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.budgets import Budget, BudgetPeriod, BudgetScope, BudgetUnit, BudgetUsage
from bot.features.budgets.command import PAGE_SIZE, BudgetCommands
from bot.features.budgets.report import build_csv
from bot.features.budgets.view import (
    BudgetPageId,
    ReportLabels,
    build_budget_page,
    build_budgets_view,
    build_report_view,
)
from bot.rendering.budget_text import format_budget_usage
from bot.storage.ledger_reports import ReportGroup, ReportLine
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from tests.support.commands import UNUSED
from tests.support.views import join_texts

COMMANDS = BudgetCommands(UNUSED, UNUSED, UNUSED, UNUSED, UNUSED)
MEMBER: Any = SimpleNamespace(id=2, roles=[])
MODERATOR = discord.Permissions(manage_messages=True, moderate_members=True)


@pytest.mark.parametrize(
    "act",
    [
        COMMANDS.show_budgets,
        lambda interaction: COMMANDS.show_page(interaction, BudgetPageId(0)),
        lambda interaction: COMMANDS.set_budget(interaction, 5.0, "day"),
        lambda interaction: COMMANDS.remove_budget(interaction, "day"),
        lambda interaction: COMMANDS.grant(interaction, MEMBER, 5.0, "please"),
        COMMANDS.report,
    ],
)
@pytest.mark.parametrize(("permissions", "guild_id"), [(MODERATOR, 1), (discord.Permissions.all(), None)])
async def test_who_does_not_manage_the_server_is_refused(
    act: Callable[[Any], Any], permissions: discord.Permissions, guild_id: int | None
) -> None:
    with pytest.raises(RejectedError) as raised:
        await act(SimpleNamespace(guild_id=guild_id, permissions=permissions))

    assert raised.value.problems[0].code == "budgets_not_allowed"


@pytest.mark.parametrize("language", ["en-US", "fr"])
@pytest.mark.parametrize(
    ("page", "has_more", "enabled"), [(0, True, ["budget_page:1"]), (1, True, ["budget_page:0", "budget_page:2"])]
)
def test_many_budgets_are_shown_in_pages_that_fit(language: str, page: int, has_more: bool, enabled: list[str]) -> None:
    budget = Budget("1", BudgetScope.ROLE, 1, 2**63, BudgetPeriod.MONTH, BudgetUnit.USD, 10**12)
    usages = [BudgetUsage(budget, 0, 2**40)] * PAGE_SIZE

    view = build_budget_page(usages, page, load_messages(language), has_more=has_more)

    buttons = [item for item in view.walk_children() if isinstance(item, discord.ui.Button)]
    assert [button.custom_id for button in buttons if not button.disabled] == enabled
    assert view.content_length() < 4000


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en-US", ["1 January 2027: $0.08, 1 picture", "and 2 more, in the table below"]),
        ("fr", ["1er janvier 2027\u00a0: 0,08\u00a0$, 1 image", "et 2 autres, dans le tableau ci-dessous"]),
    ],
)
def test_a_long_report_says_how_many_lines_are_in_the_table_alone(
    language: str, expected: list[str], catalogue: Catalogue
) -> None:
    lines = [ReportLine(f"2027-01-{day:02}", 80_000, 0, 1) for day in range(1, 23)]

    labels = ReportLabels(load_messages(language), catalogue)
    view = build_report_view("title", ReportGroup.DAY, lines, 20, labels)

    text = str(view.to_components())  # type: ignore[no-untyped-call]
    assert all(part in text.replace("\\xa0", "\u00a0") for part in expected)


def test_a_report_names_models_as_members_know_them(catalogue: Catalogue) -> None:
    labels = ReportLabels(load_messages("en-US"), catalogue)

    assert labels.format_key(ReportGroup.MODEL, "sd3.5-large") == "SD 3.5 Large"
    assert labels.format_plain_key(ReportGroup.MODEL, "sd3.5-large", None, {}) == "SD 3.5 Large"
    assert labels.format_plain_key(ReportGroup.MODEL, "gone", None, {}) == "gone"


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

    line = format_budget_usage(BudgetUsage(budget, 3_500_000, 9), load_messages(language))

    assert line == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en-US", ["As a member with <@&7>: **$1.50** left of $5.00 per day", "You used **$0.00** here this month"]),
        (
            "fr",
            ["Comme membre avec <@&7>\u00a0: encore **1,50\u00a0$** sur", "tu as utilisé **0,00\u00a0$** ici, pour 0"],
        ),
    ],
)
def test_a_member_reads_what_is_left_of_the_budget_of_their_role(language: str, expected: list[str]) -> None:
    budget = Budget("1", BudgetScope.ROLE, 1, 7, BudgetPeriod.DAY, BudgetUnit.USD, 5_000_000)
    usage = BudgetUsage(budget, 3_500_000, 9)

    view = build_budgets_view("title", [usage], load_messages(language), ReportLine("", 0, 0, 0), None)

    text = join_texts(view)
    assert all(part in text for part in expected)

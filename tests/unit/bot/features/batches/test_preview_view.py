"""Previews, forms and messages for approvers: within Discord's limits, with the buttons that may be pressed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.approval_view import ApprovalFacts, build_approval_view, build_prompts_view
from bot.batches.source_sheet import SheetPage, format_ranges, group_by_picture
from bot.domain.audit import OPERATOR_ID
from bot.domain.batch_previews import BatchPreview, RejectedRow
from bot.domain.batches import BatchState, Brief
from bot.domain.budgets import Budget, BudgetExceededError, BudgetPeriod, BudgetScope, BudgetUnit, BudgetUsage
from bot.domain.teams import Team
from bot.features.batches.brief_form import build_brief_form, read_brief_form
from bot.features.batches.overview_view import build_list_view, build_unstarted_view
from bot.features.batches.preview_view import PreviewFacts, build_preview_view
from bot.features.batches.start_form import build_again_form, build_start_form
from bot.interactions.modals import ModalFields
from shared.i18n.messages import Messages
from shared.job import Priority, Requester, TeamRef
from shared.notes import make_note
from shared.problems import make_problem
from tests.support.batches import BATCH_ID, make_batch, make_items
from tests.support.views import CATALOGUE, EN, FR, any_messages, any_text, assert_fits_discord, join_texts, make_request

ITEMS = [replace(item, price=80_000) for item in make_items(12)]
USAGE = BudgetUsage(Budget("x", BudgetScope.TEAM, 1, 9, BudgetPeriod.DAY, BudgetUnit.USD, 600_000), 0, 1_800_000_000)
TEAM = TeamRef(id=9, name="Makers")


def make_facts(**changes: Any) -> PreviewFacts:
    return replace(PreviewFacts(make_batch(team=TEAM), ITEMS, BatchPreview()), **changes)


def list_buttons(view: Any) -> dict[str, bool]:
    """Map the labels of the buttons to whether they can be pressed."""
    found = assert_fits_discord(view)
    return {one["label"]: not one.get("disabled") for one in found if one["type"] == 2}


@given(any_messages, st.lists(any_text, min_size=4, max_size=4), st.integers(0, 30), st.booleans())
def test_a_preview_fits_discord_whatever_people_wrote(
    messages: Messages, texts: list[str], row_count: int, has_table: bool
) -> None:
    title, text, name, value = texts
    problem = make_problem("not_a_number", field="keep", value=value)
    rows = tuple(RejectedRow(number, (problem, problem)) for number in range(1, row_count + 1))
    table = b"x" if has_table else None
    facts = make_facts(
        batch=make_batch(
            brief=Brief(title, text, "2026-12-24", 7), team=TeamRef(id=9, name=name), approval_note=text, approver_id=3
        ),
        preview=BatchPreview(row_count, rows[:8], (make_note("link_used"),) * 9, "rows.csv", table),
        excess=BudgetExceededError(USAGE, 960_000, 7),
        budgets=[USAGE] * 5,
        seconds=1234.5,
        approval_limit=500_000,
        sheet=SheetPage(1, 3, "1–3: a"),
    )

    assert_fits_discord(build_preview_view(facts, CATALOGUE, messages))
    assert_fits_discord(build_preview_view(replace(facts, items=[]), CATALOGUE, messages))
    wordy = [replace(item, name=name[:80], request=make_request(prompt=text)) for item in ITEMS * 3]
    assert_fits_discord(build_prompts_view(wordy, "batch.csv", messages))
    for state in BatchState:
        batch = replace(facts.batch, state=state, due_at=1.0, approval_message_id=5)
        approval = ApprovalFacts(ITEMS, 4, "1: a")
        assert_fits_discord(build_approval_view(batch, approval, CATALOGUE, messages, 1))
        assert_fits_discord(build_unstarted_view(batch, messages, is_requester=True))
        assert_fits_discord(build_list_view([batch] * 25, messages))


def test_a_preview_says_what_is_made_for_whom_and_at_which_price() -> None:
    batch = make_batch(team=TEAM, priority=Priority.LOW, pings=True)

    said = join_texts(build_preview_view(make_facts(batch=batch, seconds=90, budgets=[USAGE]), CATALOGUE, EN))

    assert "12 pictures can be made." in said
    assert "$0.96" in said
    assert f"12 × {CATALOGUE.models[ITEMS[0].request.model].name} $0.08" in said
    assert "for Makers · low priority" in said
    assert "I'll ping you" in said
    assert "$0.60" in said


def test_over_budget_only_what_fits_can_be_started() -> None:
    facts = make_facts(excess=BudgetExceededError(USAGE, 960_000, 7))

    view = build_preview_view(facts, CATALOGUE, EN)

    buttons = list_buttons(view)
    assert buttons["Start 12 pictures"] is False
    assert buttons["Start the first 7"] is True
    assert "$0.60" in join_texts(view)
    nothing = list_buttons(build_preview_view(make_facts(excess=BudgetExceededError(USAGE, 9, 0)), CATALOGUE, EN))
    assert [label for label in nothing if label.startswith("Start the")] == []


def test_above_the_limit_of_its_team_it_is_not_started_but_sent_to_approvers() -> None:
    facts = make_facts(approval_limit=500_000, excess=BudgetExceededError(USAGE, 960_000, 7))

    buttons = list_buttons(build_preview_view(facts, CATALOGUE, FR))

    assert buttons["Faire approuver 12 images"] is True
    assert not any(label.startswith("Lancer") for label in buttons)


def test_a_batch_without_a_right_row_can_be_sent_again_or_discarded_only() -> None:
    rows = (RejectedRow(3, (make_problem("prompt_empty"),)),)
    facts = make_facts(items=[], preview=BatchPreview(9, rows, table_name="x.csv", table=b"x"))

    view = build_preview_view(facts, CATALOGUE, EN)

    assert list_buttons(view).keys() == {"Send again…", "Discard"}
    assert "and 8 more rows: the table below" in join_texts(view)


@pytest.mark.parametrize(("number", "earlier", "later"), [(0, False, True), (1, True, True), (2, True, False)])
def test_pages_of_pictures_lead_to_those_that_there_are(number: int, earlier: bool, later: bool) -> None:
    buttons = list_buttons(build_preview_view(make_facts(sheet=SheetPage(number, 3, "a")), CATALOGUE, EN))

    assert (buttons["Earlier pictures"], buttons["More pictures"]) == (earlier, later)


def test_only_a_batch_that_waits_has_buttons_for_approvers() -> None:
    for state in BatchState:
        batch = make_batch(team=TEAM, state=state, approver_id=3, due_at=1.0)
        buttons = list_buttons(build_approval_view(batch, ApprovalFacts(ITEMS), CATALOGUE, EN, 1))
        assert bool(buttons) is (state is BatchState.AWAITING_APPROVAL)


def test_what_the_operator_sent_in_names_no_member() -> None:
    batch = make_batch(requester=Requester(id=OPERATOR_ID, name="operator"), team=TEAM)

    said = join_texts(build_approval_view(batch, ApprovalFacts(ITEMS), CATALOGUE, EN, 1))

    assert "the bot's operator would like 12 pictures for Makers, for **$0.96**." in said


@pytest.mark.parametrize(
    ("numbers", "text"), [([4], "4"), ([1, 2, 3], "1–3"), ([1, 2, 4, 7, 8], "1–2, 4, 7–8"), ([1, 3, 5], "1, 3, 5")]
)
def test_numbers_are_written_as_ranges(numbers: list[int], text: str) -> None:
    assert format_ranges(numbers) == text


def test_pictures_are_listed_in_the_order_of_their_items() -> None:
    items = [replace(item, image_sha256=sha) for item, sha in zip(make_items(4), ("b", "a", None, "b"), strict=True)]

    assert group_by_picture(items) == {"b": [1, 4], "a": [2]}


@pytest.mark.parametrize("messages", [EN, FR], ids=["en", "fr"])
def test_the_forms_fit_discord_and_are_filled_with_what_is_known(messages: Messages) -> None:
    teams = [Team(number, 1, "A team with a very long name " * 5) for number in range(1, 25)]
    batch = make_batch(brief=Brief("spring", "for the shop", "2026-12-24", 7))
    forms = [
        build_start_form("0", messages, teams=teams, chosen_role_id=3, template="a {red,blue} fox", title="foxes"),
        build_start_form("1", messages, needs_files=False),
        build_again_form(BATCH_ID, "a {red,blue} fox", messages),
        build_brief_form(batch, messages),
    ]

    shown = [form.to_dict() for form in forms]

    for form in shown:
        assert 1 <= len(form["title"]) <= 45
        assert 1 <= len(form["components"]) <= 5
        for label in form["components"]:
            assert 1 <= len(label["label"]) <= 45
            assert 1 <= len(label["description"]) <= 100
    first, from_message, _, brief = ([label["component"] for label in form["components"]] for form in shown)
    assert [part.get("value") for part in first] == [None, "a {red,blue} fox", "foxes", None]
    assert [option["value"] for option in first[3]["options"] if option["default"]] == ["3"]
    assert (first[0]["required"], from_message[0]["required"]) == (True, False)
    assert [part.get("value") for part in brief[:3]] == ["spring", "for the shop", "2026-12-24"]
    assert [one["id"] for one in brief[3]["default_values"]] == [7]


@pytest.mark.parametrize(
    ("written", "due_on"),
    [("", None), ("2026-12-24", "2026-12-24"), ("24.12.2026", "refused"), ("2026-02-30", "refused")],
)
def test_a_brief_is_read_and_words_beside_a_wrong_date_or_pattern_are_kept(written: str, due_on: str | None) -> None:
    values: dict[str, str | tuple[str, ...]] = {
        "title": " ",
        "text": " for the shop ",
        "due_on": written,
        "assignee": ("7",),
        "file_pattern": "{when}",
    }
    batch = make_batch(brief=Brief("spring", due_on="2026-12-01"))

    changed, problems = read_brief_form(ModalFields(values), batch)

    is_refused = due_on == "refused"
    kept = "2026-12-01" if is_refused else due_on
    assert changed == replace(batch, brief=Brief("spring", "for the shop", kept, 7))
    assert [one.code for one in problems] == ["batch_file_pattern", *(["batch_due_date"] if is_refused else [])]

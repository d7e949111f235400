"""The messages of explorations stay within Discord's limits in every language, whatever people wrote."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.explorations.buttons import build_confirmation_rows
from bot.explorations.message import render_exploration
from bot.explorations.view import VariantState, build_confirmation_view, build_contact_sheet_cells
from bot.images.contact_sheet import draw_contact_sheet
from shared.i18n.messages import Messages, list_languages
from shared.job import Requester, TeamRef
from shared.problems import Problem, make_problem
from tests.support.views import (
    CATALOGUE,
    EN,
    ORIGIN,
    any_messages,
    any_text,
    assert_fits_discord,
    join_texts,
    make_request,
    requests,
)

ID = "1442000000000000001"
REJECTION = make_problem("too_many_waiting", count=20, limit=20)
known_requests = requests.filter(lambda request: request.model in CATALOGUE.models)
plans = st.builds(
    ExplorationPlan, st.sampled_from(Variation), st.lists(known_requests, min_size=2, max_size=9).map(tuple)
)


def make_seed_plan(count: int) -> ExplorationPlan:
    return ExplorationPlan(Variation.SEEDS, tuple(make_request(seed=seed) for seed in range(1, count + 1)))


def make_exploration(
    plan: ExplorationPlan, language: str = "en", rejected: Mapping[int, Problem] | None = None
) -> Exploration:
    return Exploration(ID, plan, Requester(id=2**64 - 1, name="ada", locale=language), 0, ORIGIN, rejected or {})


def list_buttons(components: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    return [component for component in components if component.get("custom_id", "").startswith(action)]


@given(plans, any_messages)
def test_the_question_fits_discord(plan: ExplorationPlan, messages: Messages) -> None:
    assert_fits_discord(build_confirmation_view(plan, CATALOGUE, messages, build_confirmation_rows(ID, messages)))


@given(plans, st.data(), st.sampled_from(list_languages()), any_text)
def test_the_message_fits_discord_in_every_state_of_its_variants(
    plan: ExplorationPlan, data: st.DataObject, language: str, detail: str
) -> None:
    states = [data.draw(st.sampled_from(VariantState)) for _ in plan.requests]
    problems = [
        REJECTION,
        make_problem("not_accepted", model="M", detail=detail),
        make_problem("internal"),
        make_problem("queue_full"),
    ]
    rejected = {number: problems[number % 4] for number in range(1, len(states) + 1)}
    exploration = make_exploration(plan, language, rejected)

    components = assert_fits_discord(render_exploration(exploration, states, CATALOGUE, has_contact_sheet=True))

    assert len([item for component in components for item in component.get("items", ())]) == 1
    assert len(list_buttons(components, "variant_show:")) == len(states)


@given(plans, st.sampled_from(VariantState), any_messages)
def test_every_contact_sheet_can_be_drawn(plan: ExplorationPlan, state: VariantState, messages: Messages) -> None:
    count = len(plan.requests)

    cells = build_contact_sheet_cells(plan, [state] * count, [None] * count, CATALOGUE, messages)

    assert all(cell.placeholder for cell in cells)
    assert draw_contact_sheet(cells[:2]).jpeg


def test_the_question_lists_each_variant_with_its_price_and_the_settings_they_share() -> None:
    plan = ExplorationPlan(Variation.KEEP, tuple(make_request("sd3.5-large", keep=keep, seed=7) for keep in (20, 62.5)))

    text = join_texts(build_confirmation_view(plan, CATALOGUE, EN, []))

    assert "Make 2 pictures? They use $0.16" in text
    assert "1. keep 20% · $0.08\n2. keep 62.5% · $0.08" in text
    assert "**model** SD 3.5 Large" in text
    assert "**seed** 7" in text
    assert text.count("keep") == 2, "it is not a shared setting"


def test_the_message_tells_everyone_how_many_did_not_start_and_speaks_to_nobody() -> None:
    states = [VariantState.GENERATED, VariantState.REJECTED, VariantState.REJECTED, VariantState.FILTERED]
    exploration = make_exploration(make_seed_plan(4), rejected={2: REJECTION, 3: REJECTION})

    text = join_texts(render_exploration(exploration, states, CATALOGUE, has_contact_sheet=True))

    assert "1 of 4 done · 1 filtered · 2 not started" in text
    assert "You" not in text


def test_the_sheet_names_the_team_and_whose_picture_it_goes_on_from_and_is_covered_if_that_was_asked() -> None:
    team = TeamRef(id=7, name="Makers")
    exploration = replace(make_exploration(make_seed_plan(2)), source_owner_id=42, is_spoiler=True, team=team)

    view: Any = render_exploration(exploration, [VariantState.GENERATED] * 2, CATALOGUE, has_contact_sheet=True)

    assert "for Makers · from <@42>’s picture" in join_texts(view)
    assert '"spoiler": true' in json.dumps(view.to_components())


@pytest.mark.parametrize("state", [state for state in VariantState if state is not VariantState.GENERATED])
def test_the_prompt_is_not_shown_without_a_picture(state: VariantState) -> None:
    exploration = make_exploration(make_seed_plan(2))

    without, below = (
        join_texts(render_exploration(exploration, [state, other], CATALOGUE, has_contact_sheet=True))
        for other in (state, VariantState.GENERATED)
    )

    assert ("a castle" in without, "a castle" in below) == (False, True)


def test_only_generated_variants_can_be_shown_and_only_queued_variants_cancelled() -> None:
    exploration = make_exploration(make_seed_plan(3))

    components, later_components = (
        assert_fits_discord(render_exploration(exploration, states, CATALOGUE, has_contact_sheet=False))
        for states in (
            [VariantState.GENERATED, VariantState.QUEUED, VariantState.RUNNING],
            [VariantState.GENERATED, VariantState.FAILED, VariantState.RUNNING],
        )
    )

    buttons = [
        (component["custom_id"], component["label"], component.get("disabled", False))
        for component in components
        if "custom_id" in component
    ]
    assert buttons == [
        (f"variant_show:{ID}-01", "1", False),
        (f"variant_show:{ID}-02", "2", True),
        (f"variant_show:{ID}-03", "3", True),
        (f"upscale_at_once:{ID}-01", "U1", False),
        (f"upscale_at_once:{ID}-02", "U2", True),
        (f"upscale_at_once:{ID}-03", "U3", True),
        (f"vary:{ID}-01:strong", "V1", False),
        (f"vary:{ID}-02:strong", "V2", True),
        (f"vary:{ID}-03:strong", "V3", True),
        (f"finish:{ID}-01", "F1", False),
        (f"finish:{ID}-02", "F2", True),
        (f"finish:{ID}-03", "F3", True),
        (f"exploration_cancel:{ID}", "Cancel the rest", False),
    ]
    assert list_buttons(later_components, "exploration_cancel") == []
    assert list_buttons(later_components, "regenerate_all") == [], "one is still generating"


def test_the_legend_names_the_price_of_each_press() -> None:
    same = tuple(make_request("sd3.5-large", seed=seed) for seed in (1, 2))
    exploration = make_exploration(ExplorationPlan(Variation.SEEDS, same))

    text = join_texts(render_exploration(exploration, [VariantState.GENERATED] * 2, CATALOGUE, has_contact_sheet=True))

    upscale_price = min(model.price_usd for model in CATALOGUE.upscale_models)
    assert f"U upscales it (${upscale_price:.2f}) · V varies it ($0.08)" in text


def test_more_variants_than_a_row_holds_have_no_rows_of_actions_but_can_all_be_made_again() -> None:
    exploration = make_exploration(make_seed_plan(9))

    components = assert_fits_discord(
        render_exploration(exploration, [VariantState.GENERATED] * 9, CATALOGUE, has_contact_sheet=True)
    )

    assert len(list_buttons(components, "variant_show")) == 9
    assert list_buttons(components, "upscale_at_once") == list_buttons(components, "vary") == []
    assert [button["label"] for button in list_buttons(components, "regenerate_all")] == ["Re-roll ×9"]


def test_variants_of_other_settings_keep_their_names_and_are_not_made_again_with_other_seeds() -> None:
    plan = ExplorationPlan(Variation.KEEP, tuple(make_request(keep=keep, seed=7) for keep in (20, 50)))
    states = [VariantState.GENERATED] * 2

    components = assert_fits_discord(
        render_exploration(make_exploration(plan), states, CATALOGUE, has_contact_sheet=True)
    )
    cells = build_contact_sheet_cells(plan, states, [None] * 2, CATALOGUE, EN)

    assert [button["label"] for button in list_buttons(components, "variant_show")] == ["1. keep 20%", "2. keep 50%"]
    assert list_buttons(components, "regenerate_all") == []
    assert [cell.caption for cell in cells] == ["keep 20%", "keep 50%"]


def test_pictures_that_differ_by_their_seeds_alone_have_no_captions() -> None:
    cells = build_contact_sheet_cells(make_seed_plan(4), [VariantState.GENERATED] * 4, [None] * 4, CATALOGUE, EN)

    assert [cell.caption for cell in cells] == [""] * 4

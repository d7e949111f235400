"""What explorations and presets show stays within Discord's limits in every language, whatever people wrote."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.exploration import Exploration, ExplorationPlan, Variation
from bot.domain.presets import Preset
from bot.features.explore.buttons import build_confirmation_rows
from bot.features.explore.message import render_exploration
from bot.features.explore.view import VariantState, build_confirmation_view, build_contact_sheet_cells
from bot.features.presets.view import build_presets_view
from bot.images.contact_sheet import draw_contact_sheet
from shared.i18n.messages import Messages, list_languages, load_messages
from shared.job import Origin, Requester
from shared.problems import make_problem
from shared.request.conversion import extract_settings
from shared.request.model import Request
from tests.unit.bot.features.history.test_view import assert_fits_discord
from tests.unit.bot.rendering.test_outcome_views import (
    CATALOGUE,
    EN,
    any_text,
    list_texts,
    make_request,
    requests,
    utf16_length,
)

ID = "1442000000000000001"
ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3)
REJECTION = make_problem("too_many_waiting", count=20, limit=20)
messages = st.sampled_from([load_messages(language) for language in list_languages()])
known_requests = requests.filter(lambda request: request.model in CATALOGUE.models)
plans = st.builds(
    ExplorationPlan, st.sampled_from(Variation), st.lists(known_requests, min_size=2, max_size=9).map(tuple)
)


def make_exploration(plan: ExplorationPlan, language: str = "en", **refused: Any) -> Exploration:
    whys = {int(place.removeprefix("c")): why for place, why in refused.items()}
    return Exploration(ID, plan, Requester(id=2**64 - 1, name="ada", locale=language), 0, ORIGIN, whys)


@given(plans, messages)
def test_the_question_fits_discord(plan: ExplorationPlan, phrases: Messages) -> None:
    assert_fits_discord(build_confirmation_view(plan, CATALOGUE, phrases, build_confirmation_rows(ID, phrases)))


@given(plans, st.data(), st.sampled_from(list_languages()), any_text)
def test_the_message_fits_discord_in_every_state_of_its_variants(
    plan: ExplorationPlan, data: st.DataObject, language: str, detail: str
) -> None:
    stages = [data.draw(st.sampled_from(VariantState)) for _ in plan.requests]
    whys = [
        REJECTION,
        make_problem("not_accepted", model="M", detail=detail),
        make_problem("internal"),
        make_problem("no_room"),
    ]
    grid = make_exploration(plan, language, **{f"c{n}": whys[n % 4] for n in range(1, len(stages) + 1)})

    found = assert_fits_discord(render_exploration(grid, stages, CATALOGUE, has_contact_sheet=True))

    (alt,) = [item["description"] for part in found for item in part.get("items", ())]
    assert 1 <= utf16_length(alt) <= 1024
    assert len([part for part in found if part.get("custom_id", "").startswith("variant_show:")]) == len(stages)


@given(plans, st.sampled_from(VariantState), messages)
def test_every_contact_sheet_can_be_drawn(plan: ExplorationPlan, stage: VariantState, phrases: Messages) -> None:
    nothing = [None] * len(plan.requests)

    cells = build_contact_sheet_cells(plan, [stage] * len(plan.requests), nothing, CATALOGUE, phrases)

    assert all(cell.placeholder for cell in cells)
    assert draw_contact_sheet(cells[:2]).jpeg


@given(
    st.lists(st.tuples(any_text, st.booleans(), requests), max_size=75),
    messages,
)
def test_all_presets_there_may_be_fit_discord(kept: list[tuple[str, bool, Request]], phrases: Messages) -> None:
    presets = [Preset("code", name[:32], int(of_guild), extract_settings(request)) for name, of_guild, request in kept]

    assert_fits_discord(build_presets_view(presets, CATALOGUE, phrases))


def test_the_question_lists_each_variant_with_what_it_costs_and_what_they_share() -> None:
    plan = ExplorationPlan(Variation.KEEP, tuple(make_request("sd3.5-large", keep=keep, seed=7) for keep in (20, 62.5)))

    said = "\n".join(list_texts(build_confirmation_view(plan, CATALOGUE, EN, [])))

    assert "Generate 2 pictures for $0.16?" in said
    assert "1. keep 20% · $0.08\n2. keep 62.5% · $0.08" in said
    assert "**model** SD 3.5 Large" in said
    assert "**seed** 7" in said
    assert said.count("keep") == 2, "it differs"


def test_a_reason_is_said_once_for_all_variants_that_share_it() -> None:
    plan = ExplorationPlan(Variation.SEEDS, tuple(make_request(seed=seed) for seed in range(1, 5)))
    stages = [VariantState.GENERATED, VariantState.REJECTED, VariantState.REJECTED, VariantState.FILTERED]

    said = "\n".join(
        list_texts(
            render_exploration(
                make_exploration(plan, c2=REJECTION, c3=REJECTION), stages, CATALOGUE, has_contact_sheet=True
            )
        )
    )

    assert "1 of 4 done · 1 filtered · 2 not started" in said
    assert "**2, 3** You have 20 requests waiting." in said


def test_a_variant_is_opened_once_it_is_there_and_what_waits_can_be_cancelled() -> None:
    plan = ExplorationPlan(Variation.SEEDS, tuple(make_request(seed=seed) for seed in range(1, 4)))
    stages = [VariantState.GENERATED, VariantState.QUEUED, VariantState.RUNNING]

    found = assert_fits_discord(render_exploration(make_exploration(plan), stages, CATALOGUE, has_contact_sheet=False))
    after = assert_fits_discord(
        render_exploration(
            make_exploration(plan),
            [VariantState.GENERATED, VariantState.FAILED, VariantState.RUNNING],
            CATALOGUE,
            has_contact_sheet=False,
        )
    )

    usable = [(part["custom_id"], part["label"], part.get("disabled", False)) for part in found if "custom_id" in part]
    assert usable == [
        (f"variant_show:{ID}-01", "1. seed 1", False),
        (f"variant_show:{ID}-02", "2. seed 2", True),
        (f"variant_show:{ID}-03", "3. seed 3", True),
        (f"exploration_cancel:{ID}", "Cancel the rest", False),
    ]
    assert not [part for part in after if part.get("custom_id", "").startswith("exploration_cancel")]

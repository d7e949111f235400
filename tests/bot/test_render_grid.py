"""What explorations and presets show stays within Discord's limits in every language, whatever people wrote."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.exploring.message import message_of
from bot.phrases import Phrases, languages, phrases_for
from bot.ports import Grid, Over, Plan, Preset
from bot.render.grid import Stage, cells_of, plan_view
from bot.render.presets import presets_view
from bot.sheets import contact_sheet
from bot.views import plan_rows
from shared.errors import problem
from shared.job import Place, Requester
from shared.request import Request, settings_of
from tests.bot.test_render import CATALOGUE, EN, anything, ask, requests, text, wide
from tests.bot.test_render_looking import fits

ID = "1442000000000000001"
PLACE = Place(guild=1, channel=2, message=3)
WHY = problem("too_many_waiting", count=20, limit=20)
speech = st.sampled_from([phrases_for(language) for language in languages()])
known = requests.filter(lambda request: request.model in CATALOGUE.models)
plans = st.builds(Plan, st.sampled_from(Over), st.lists(known, min_size=2, max_size=9).map(tuple))


def grid_of(plan: Plan, language: str = "en", **refused: Any) -> Grid:
    whys = {int(place.removeprefix("c")): why for place, why in refused.items()}
    return Grid(ID, plan, Requester(id=2**64 - 1, name="ada", locale=language), 0, PLACE, whys)


@given(plans, speech)
def test_the_question_fits_discord(plan: Plan, phrases: Phrases) -> None:
    fits(plan_view(plan, CATALOGUE, phrases, plan_rows(ID, phrases)))


@given(plans, st.data(), st.sampled_from(languages()), anything)
def test_the_message_fits_discord_wherever_its_cells_stand(
    plan: Plan, data: st.DataObject, language: str, detail: str
) -> None:
    stages = [data.draw(st.sampled_from(Stage)) for _ in plan.requests]
    whys = [WHY, problem("not_accepted", model="M", detail=detail), problem("internal"), problem("no_room")]
    grid = grid_of(plan, language, **{f"c{n}": whys[n % 4] for n in range(1, len(stages) + 1)})

    found = fits(message_of(grid, stages, CATALOGUE, sheet=True))

    (alt,) = [item["description"] for part in found for item in part.get("items", ())]
    assert 1 <= wide(alt) <= 1024
    assert len([part for part in found if part.get("custom_id", "").startswith("cell:")]) == len(stages)


@given(plans, st.sampled_from(Stage), speech)
def test_every_sheet_can_be_drawn(plan: Plan, stage: Stage, phrases: Phrases) -> None:
    nothing = [None] * len(plan.requests)

    cells = cells_of(plan, [stage] * len(plan.requests), nothing, CATALOGUE, phrases)

    assert all(cell.word for cell in cells)
    assert contact_sheet(cells[:2]).jpeg


@given(
    st.lists(st.tuples(anything, st.booleans(), requests), max_size=75),
    speech,
)
def test_all_presets_there_may_be_fit_discord(kept: list[tuple[str, bool, Request]], phrases: Phrases) -> None:
    presets = [Preset("code", name[:32], int(of_guild), settings_of(request)) for name, of_guild, request in kept]

    fits(presets_view(presets, CATALOGUE, phrases))


def test_the_question_lists_each_cell_with_what_it_costs_and_what_they_share() -> None:
    plan = Plan(Over.KEEP, tuple(ask("sd3.5-large", keep=keep, seed=7) for keep in (20, 62.5)))

    said = "\n".join(text(plan_view(plan, CATALOGUE, EN, [])))

    assert "Paint 2 pictures for $0.16?" in said
    assert "1. keep 20% · $0.08\n2. keep 62.5% · $0.08" in said
    assert "**model** SD 3.5 Large" in said
    assert "**seed** 7" in said
    assert said.count("keep") == 2, "it differs"


def test_a_reason_is_said_once_for_all_cells_that_share_it() -> None:
    plan = Plan(Over.SEEDS, tuple(ask(seed=seed) for seed in range(1, 5)))
    stages = [Stage.DONE, Stage.REFUSED, Stage.REFUSED, Stage.FILTERED]

    said = "\n".join(text(message_of(grid_of(plan, c2=WHY, c3=WHY), stages, CATALOGUE, sheet=True)))

    assert "1 of 4 is here · 1 was filtered · 2 were not taken on" in said
    assert "**2, 3** You have 20 requests waiting." in said


def test_a_cell_is_opened_once_it_is_there_and_what_waits_can_be_cancelled() -> None:
    plan = Plan(Over.SEEDS, tuple(ask(seed=seed) for seed in range(1, 4)))
    stages = [Stage.DONE, Stage.WAITING, Stage.PAINTING]

    found = fits(message_of(grid_of(plan), stages, CATALOGUE, sheet=False))
    after = fits(message_of(grid_of(plan), [Stage.DONE, Stage.FAILED, Stage.PAINTING], CATALOGUE, sheet=False))

    usable = [(part["custom_id"], part["label"], part.get("disabled", False)) for part in found if "custom_id" in part]
    assert usable == [
        (f"cell:{ID}-01", "1. seed 1", False),
        (f"cell:{ID}-02", "2. seed 2", True),
        (f"cell:{ID}-03", "3. seed 3", True),
        (f"cancel_all:{ID}", "Cancel what waits", False),
    ]
    assert not [part for part in after if part.get("custom_id", "").startswith("cancel_all")]

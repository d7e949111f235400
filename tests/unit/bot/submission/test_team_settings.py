"""A request for a team has its defaults where nothing was chosen, and always its locked options: said, never silent."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.preferences import Preferences
from bot.domain.teams import Team, TeamChoice
from bot.submission.preset_option import PresetDefaults
from bot.submission.team_settings import apply_locked_options, find_locked_problem
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.model import Request
from tests.support.catalogues import SDXL_IN_IMAGINE
from tests.support.members import make_interaction

CATALOGUE = load_catalogue(SDXL_IN_IMAGINE)
VALIDATOR = RequestValidator(CATALOGUE, (), 10**6)
ROLE = 7


def make_team(*locked: str, **defaults: Any) -> Team:
    return Team(ROLE, 1, "Makers", defaults=defaults, locked=frozenset(locked))


def make_request(*, has_picture: bool = False, **options: Any) -> Request:
    return build_request(CATALOGUE, has_picture=has_picture, **({"prompt": "a fox", "model": "sdxl"} | options)).request


async def build(team: Team | None, *, preset: Any = None, preferences: Any = None, **options: Any) -> Any:
    interaction = await make_interaction(
        role_ids=(ROLE,),
        preferences=Preferences(options=preferences or {}),
        team_choice=TeamChoice() if team is None else TeamChoice(ROLE, team),
    )
    presets = PresetDefaults(chosen=preset or {}, of_server={"style_preset": "origami"})
    return VALIDATOR.build_request(interaction, None, {"prompt": "a fox"} | options, presets=presets)


@pytest.mark.parametrize(
    ("team", "facts", "style", "is_told"),
    [
        (None, {}, "origami", False),
        (make_team(style_preset="anime"), {}, "anime", False),
        (make_team(style_preset="anime"), {"preferences": {"style_preset": "isometric"}}, "anime", False),
        (make_team(style_preset="anime"), {"preset": {"style_preset": "isometric"}}, "isometric", False),
        (make_team(style_preset="anime"), {"style_preset": "isometric"}, "isometric", False),
        (
            make_team("style_preset", style_preset="anime"),
            {"preferences": {"style_preset": "isometric"}},
            "anime",
            False,
        ),
        (make_team("style_preset", style_preset="anime"), {"preset": {"style_preset": "isometric"}}, "anime", True),
        (make_team("style_preset", style_preset="anime"), {"style_preset": "isometric"}, "anime", True),
        (make_team("style_preset", style_preset="anime"), {"style_preset": "anime"}, "anime", False),
        (make_team("style_preset", style_preset="anime"), {"prompt": "a fox --no hats"}, "anime", False),
    ],
)
async def test_what_was_chosen_comes_before_the_teams_defaults_and_after_what_it_has_locked(
    team: Team | None, facts: dict[str, Any], style: str, *, is_told: bool
) -> None:
    built = await build(team, model="sdxl", **facts)

    assert built.request.style_preset == style
    notes = [note for note in built.notes if note.code == "team_options"]
    assert [note.facts for note in notes] == [{"team": "x", "options": "style_preset"}] * is_told


async def test_the_prompts_own_parameters_do_not_get_around_a_lock() -> None:
    team = make_team("aspect_ratio", "negative", aspect_ratio="16:9", negative="text, logos")

    built = await build(team, prompt="a fox --ar 1:1 --no hats", model="stable-image-core")

    assert built.request.aspect_ratio == "16:9"
    assert built.request.format_unweighted_prompts() == ("a fox", "text, logos")
    (note,) = [note for note in built.notes if note.code == "team_options"]
    assert note.facts["options"] == "negative, aspect_ratio"


@pytest.mark.parametrize(
    ("request_", "team", "expected", "told"),
    [
        (make_request(seed=5, steps=20), make_team("model", model="sd3.5-large"), {"seed": 5, "steps": None}, "model"),
        (make_request(), make_team("keep", keep=40.0), {"keep": None}, None),
        (make_request(has_picture=True), make_team("keep", keep=40.0), {"keep": 40.0}, None),
        (make_request(has_picture=True, keep=90), make_team("keep", keep=40.0), {"keep": 40.0}, "keep"),
        (
            make_request(has_picture=True, init_image_mode="STEP_SCHEDULE", step_schedule_start=0.4),
            make_team("keep", keep=40.0),
            {"keep": 40.0, "init_image_mode": None, "step_schedule_start": None},
            None,
        ),
        (make_request(has_picture=True), make_team("aspect_ratio", aspect_ratio="16:9"), {"aspect_ratio": None}, None),
        (
            make_request(style_preset="isometric", model="sd3.5-large"),
            make_team("model", "style_preset", model="sdxl", style_preset="anime"),
            {"model": "sdxl", "style_preset": "anime"},
            "model, style_preset",
        ),
    ],
)
def test_a_request_that_was_built_before_is_brought_to_the_locked_options_once(
    request_: Request, team: Team, expected: dict[str, Any], told: str | None
) -> None:
    built = apply_locked_options(request_, team, CATALOGUE)

    assert {name: getattr(built.request, name) for name in expected} == expected
    notes = [note.facts["options"] for note in built.notes if note.code == "team_options"]
    assert notes == ([] if told is None else [told])
    assert (find_locked_problem(request_, team, CATALOGUE) is None) == (built.request == request_)
    assert apply_locked_options(built.request, team, CATALOGUE).request == built.request
    assert apply_locked_options(built.request, team, CATALOGUE).notes == ()
    assert find_locked_problem(built.request, team, CATALOGUE) is None


def test_the_options_that_the_teams_model_does_not_read_are_named() -> None:
    built = apply_locked_options(make_request(steps=20), make_team("model", model="sd3.5-large"), CATALOGUE)

    lost = [note.facts for note in built.notes if note.code == "team_options_lost"]
    assert lost == [{"model": CATALOGUE.models["sd3.5-large"].name, "options": "steps"}]


def test_an_upscale_keeps_its_model() -> None:
    upscaler = CATALOGUE.upscale_models[0]
    upscale = Request(model=upscaler.key, text_prompts=(), has_picture=True)

    built = apply_locked_options(
        upscale, make_team("model", "output_format", model="sdxl", output_format="webp"), CATALOGUE
    )

    assert built.request.model == upscaler.key


@pytest.mark.parametrize(
    ("request_", "team", "code"),
    [
        (make_request(), make_team("model", model="of-another-release"), "team_model_gone"),
        (make_request(), make_team("model", model=CATALOGUE.upscale_models[0].key), "team_model_gone"),
        (make_request(has_picture=True), make_team("model", model="stable-image-core"), "team_options_unfit"),
    ],
)
def test_a_request_that_the_teams_model_cannot_take_is_refused(request_: Request, team: Team, code: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        apply_locked_options(request_, team, CATALOGUE)

    assert rejected.value.problems[0].code == code
    problem = find_locked_problem(request_, team, CATALOGUE)
    assert problem is not None
    assert problem.code == code


@pytest.mark.parametrize(
    ("options", "team", "field"),
    [
        ({"style_preset": "isometric"}, make_team("style_preset", style_preset="anime"), "style_preset"),
        ({}, make_team("model", model="sd3.5-large"), "model"),
        ({"negative": "hats"}, make_team("negative", negative="logos"), "negative"),
        ({"style_preset": "isometric"}, make_team(style_preset="anime"), None),
    ],
)
async def test_no_request_passes_with_another_value_however_it_came_about(
    options: dict[str, Any], team: Team, field: str | None
) -> None:
    interaction = await make_interaction(role_ids=(ROLE,), team_choice=TeamChoice(ROLE, team))
    request = make_request(**options)

    try:
        await VALIDATOR.validate_requests(interaction, None, request)
    except RejectedError as rejection:
        (problem,) = rejection.problems
        assert (problem.code, problem.facts["field"]) == ("team_option_locked", field)
    else:
        assert field is None
    own = await make_interaction(role_ids=(ROLE,), team_choice=TeamChoice(ROLE, replace(team, role_id=ROLE + 1)))
    own.user._roles.remove(ROLE)
    await VALIDATOR.validate_requests(own, None, request)

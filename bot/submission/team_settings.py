"""The locked options of a team in the requests for it, however they are asked: typed, repeated, varied or planned.

The other settings of a team are defaults, which `shared.request.builder` fills in.
"""

from collections.abc import Iterator
from typing import Any, Final

from bot.domain.teams import Team
from shared.catalogue import Catalogue, Model
from shared.notes import Note, make_note
from shared.problems import Problem, RejectedError, make_problem
from shared.prompts import TextPrompt
from shared.request.conversion import convert_to_model
from shared.request.expression import express_for_model
from shared.request.model import OPTION_NAMES, SCHEDULE_OPTIONS, BuiltRequest, Request
from shared.request.validation import can_add_negative_prompt, can_add_option, validate_request

TEAM_NOTES: Final = ("team_options", "team_options_lost")
"""The codes of the notes on locked options."""

_FREE_TO_KEEP: Final = dict.fromkeys(("init_image_mode", *SCHEDULE_OPTIONS))
"""The options that exclude `keep`, without a choice."""


def apply_locked_options(request: Request, team: Team, catalogue: Catalogue) -> BuiltRequest:
    """Give a request the locked options of a team, as far as they apply to it and its model reads them.

    Notes name those that were chosen differently, and those that the model of the team does not read. Raises
    `RejectedError` if the model of the team is gone, or would not take the request.
    """
    locked, model = team.locked_options, catalogue.models.get(request.model)
    if model is None or not locked:
        return BuiltRequest(request)
    changed, replaced, lost = request, [], []
    if model.task == "generate" and locked.get("model", model.key) != model.key:
        model = _require_model(team, catalogue)
        changed = convert_to_model(request, model, seed=request.seed if _reads_seed(model, request.seed) else None)
        replaced.append("model")
        lost = [name for name in request.explicit_options() if getattr(changed, name) is None]
    if "negative" in locked:
        with_negative = _set_negative_prompt(changed, str(locked["negative"]), model)
        if with_negative != changed and any(part.weight < 0 for part in changed.text_prompts):
            replaced.append("negative")
        changed = with_negative
    for name in OPTION_NAMES:
        if name in locked and (current := getattr(changed, name)) != locked[name]:
            with_option = _set_option(changed, name, locked[name], model)
            if with_option != changed and (current is not None or name in lost):
                replaced.append(name)
            changed = with_option
    if changed == request:
        return BuiltRequest(request)
    expressed = express_for_model(changed, model)
    problems = validate_request(expressed.request, model, catalogue)
    if problems:
        names = ", ".join(replaced or sorted(locked))
        raise RejectedError(make_problem("team_options_unfit", team=team.name, options=names), *problems)
    lost = [name for name in lost if name not in replaced]
    return BuiltRequest(expressed.request, (*_list_notes(team, replaced, lost, model), *expressed.notes))


def find_locked_problem(request: Request, team: Team, catalogue: Catalogue) -> Problem | None:
    """Find the first option of a request that the team has locked with another value."""
    try:
        wanted = apply_locked_options(request, team, catalogue).request
    except RejectedError as rejection:
        return rejection.problems[0]
    for name in ("model", *OPTION_NAMES):
        if getattr(wanted, name) != getattr(request, name):
            return make_problem("team_option_locked", team=team.name, field=name)
    if wanted.text_prompts != request.text_prompts:
        return make_problem("team_option_locked", team=team.name, field="negative")
    return None


def _require_model(team: Team, catalogue: Catalogue) -> Model:
    model = catalogue.models.get(str(team.defaults["model"]))
    if model is None or model.task != "generate":
        raise RejectedError(make_problem("team_model_gone", team=team.name, model=str(team.defaults["model"])))
    return model


def _reads_seed(model: Model, seed: int | None) -> bool:
    spec = model.fields.get("seed")
    return spec is not None and seed is not None and spec.accepts(seed)


def _set_negative_prompt(request: Request, text: str, model: Model) -> Request:
    """Replace all that a request wants to avoid by this text, if its model reads any."""
    wanted = tuple(part for part in request.text_prompts if part.weight >= 0)
    without = request.model_copy(update={"text_prompts": wanted})
    if not can_add_negative_prompt(without, text.strip(), model):
        return request
    return request.model_copy(update={"text_prompts": (*wanted, TextPrompt(text=text.strip(), weight=-1))})


def _set_option(request: Request, name: str, value: Any, model: Model) -> Request:
    """Set an option, if it applies to the request and the model reads it."""
    cleared = request.model_copy(update={name: None} | (_FREE_TO_KEEP if name == "keep" else {}))
    if not can_add_option(cleared, name, value, model):
        return request
    return Request(**(dict(cleared) | {name: value}))


def _list_notes(team: Team, replaced: list[str], lost: list[str], model: Model) -> Iterator[Note]:
    if replaced:
        yield make_note("team_options", team=team.name, options=", ".join(replaced))
    if lost:
        yield make_note("team_options_lost", model=model.name, options=", ".join(lost))

"""Building a request: from the options that a person typed, filled up from presets and preferences."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.catalogue import Catalogue, Model, make_unknown_model_problem
from shared.problems import Problem, RejectedError, make_problem
from shared.prompts import TextPrompt, parse_prompt, replace_surrogates
from shared.request.expression import express_for_model
from shared.request.model import OPTION_NAMES, SEARCHED_PROMPTS, BuiltRequest, MaskKind, Request
from shared.request.validation import (
    MAX_QUOTED_LENGTH,
    can_add_negative_prompt,
    can_add_option,
    validate_request,
)
from shared.typed_text import has_visible_text, parse_number, parse_whole_number, strip_percent_sign

_NUMBER_TYPES: Final[Mapping[str, type[int | float]]] = {
    name: kind
    for name, field in Request.model_fields.items()
    for kind in (int, float)
    if field.annotation == kind | None
}


def build_request(
    catalogue: Catalogue,
    *defaults: Mapping[str, Any],
    has_picture: bool,
    prompt: str | None = None,
    negative: str | None = None,
    model: str | None = None,
    mask: MaskKind | None = None,
    has_style_picture: bool = False,
    **options: Any,
) -> BuiltRequest:
    """Build a request from the options that a person typed; numbers may be text, as a form sends them.

    `defaults` fill in the options that were left out, the first mapping before the second: say, a preset before the
    person's preferences. Keys are option names, "model" (a key of the catalogue) and "negative". A default that the
    model does not read, or that does not go with the rest of the request, is ignored. The request is then expressed in
    the way that its model reads.

    Raises `RejectedError` with every problem of the typed options, not only the first.
    """
    row = pick_default_model(catalogue, has_picture=has_picture) if model is None else catalogue.find_model(model)
    if row is None:
        raise RejectedError(make_unknown_model_problem(str(model), catalogue.generation_models))
    problems: list[Problem] = []
    text_prompts = _parse_prompts(prompt, negative, row, problems)
    typed = {name: value for name, value in options.items() if value is not None}
    values = _parse_values(typed, problems)
    pictures = {"has_picture": has_picture, "mask": mask, "has_style_picture": has_style_picture}
    request = typed_request = Request(model=row.key, text_prompts=text_prompts, **pictures, **values)
    filled = {
        *typed,
        *(("model",) if model is not None else ()),
        *(("negative",) if negative is not None else ()),
    }
    for default in defaults:
        request = _fill_in(request, typed_request, filled, default, catalogue)
    built = express_for_model(request, catalogue.models[request.model])
    problems += validate_request(built.request, catalogue.models[request.model], catalogue)
    if problems:
        raise RejectedError(*problems)
    return built


def pick_default_model(catalogue: Catalogue, *, has_picture: bool) -> Model:
    """Pick the model for a request that names none: the default, unless it is one that cannot start from a picture."""
    reader = catalogue.pick_picture_model("") if has_picture else None
    return reader or catalogue.default_model


def pick_seed(request: Request, model: Model, rng: random.Random) -> int | None:
    """Return the seed to send: the chosen one, or a random one from 1 to the model's maximum if that is 0 or absent.

    None for a model that reads no seed.
    """
    if "seed" not in model.fields:
        return None
    return request.seed or rng.randint(1, int(model.fields["seed"].maximum or 1))


def pick_seeds(request: Request, model: Model, count: int, rng: random.Random) -> list[int | None]:
    """Pick seeds that all differ; None for a model that reads no seed."""
    seeds = [pick_seed(request, model, rng)]
    unseeded = request.model_copy(update={"seed": None})
    while len(seeds) < count:
        seed = pick_seed(unseeded, model, rng)
        if seed is None or seed not in seeds:
            seeds.append(seed)
    return seeds


def _parse_prompts(
    prompt: str | None, negative: str | None, model: Model, problems: list[Problem]
) -> tuple[TextPrompt, ...]:
    text_prompts: tuple[TextPrompt, ...] = ()
    prompt, negative = replace_surrogates(prompt or ""), replace_surrogates(negative or "")
    if model.requires_prompt or has_visible_text(prompt):
        try:
            text_prompts = parse_prompt(prompt)
        except RejectedError as error:
            problems += error.problems
    if has_visible_text(negative):
        text_prompts += (_make_negative_prompt(negative),)
    return text_prompts


def _make_negative_prompt(text: str) -> TextPrompt:
    return TextPrompt(text=text.strip(), weight=-1)


def _parse_values(options: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Parse the values of options, leaving out numbers that are none."""
    values = {}
    for name, value in options.items():
        try:
            values[name] = _parse_value(name, value)
        except ValueError:
            problems.append(make_problem("not_a_number", field=name, value=str(value)[:MAX_QUOTED_LENGTH]))
    return values


def _parse_value(name: str, value: Any) -> Any:
    """Parse the value of an option: "62,5 %" for a number. Raises `ValueError` unless a number is finite."""
    if name in SEARCHED_PROMPTS:
        return replace_surrogates(str(value)).strip()
    kind = _NUMBER_TYPES.get(name)
    if kind is None:
        return value
    number = _parse_number(value, kind) if isinstance(value, str) else value
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(value)
    return number


def _parse_number(text: str, kind: type[int | float]) -> int | float:
    digits = strip_percent_sign(text)
    return parse_whole_number(digits) if kind is int else parse_number(digits)


def _fill_in(
    request: Request, typed_request: Request, filled: set[str], defaults: Mapping[str, Any], catalogue: Catalogue
) -> Request:
    """Add the defaults that fit and are not in `filled`, a set of names to which they are added.

    The model comes first, since it decides which of the others fit.
    """
    missing = {name: value for name, value in defaults.items() if value is not None and name not in filled}
    row = catalogue.models[request.model]
    preferred = catalogue.models.get(missing.get("model", ""))
    if (
        preferred in catalogue.generation_models
        and _fits_as_well(request, preferred, row, catalogue)
        and _takes_defaults(request, typed_request, preferred, catalogue)
    ):
        request, row = _replace(request, model=preferred.key), preferred
        filled.add("model")
    negative = replace_surrogates(missing.get("negative", ""))
    if has_visible_text(negative) and can_add_negative_prompt(request, negative.strip(), row):
        request = _replace(request, text_prompts=(*request.text_prompts, _make_negative_prompt(negative)))
        filled.add("negative")
    values = _parse_values({name: missing[name] for name in OPTION_NAMES if name in missing}, [])
    for name, value in values.items():
        if can_add_option(request, name, value, row):
            request = _replace(request, **{name: value})
            filled.add(name)
    return request


def _fits_as_well(request: Request, preferred: Model, current: Model, catalogue: Catalogue) -> bool:
    """Return whether the preferred model takes as much of the request as the current one.

    The numbers of problems are compared, because typed options may be invalid for both models.
    """
    return len(_find_problems(request, preferred, catalogue)) <= len(_find_problems(request, current, catalogue))


def _takes_defaults(request: Request, typed_request: Request, model: Model, catalogue: Catalogue) -> bool:
    """Return whether the defaults that are in the request already cause no problem with this model."""
    typed_problems = _find_problems(_replace(typed_request, model=model.key), model, catalogue)
    return all(problem in typed_problems for problem in _find_problems(request, model, catalogue))


def _find_problems(request: Request, model: Model, catalogue: Catalogue) -> Sequence[Problem]:
    return validate_request(express_for_model(request, model).request, model, catalogue)


def _replace(request: Request, **changes: Any) -> Request:
    return Request(**(dict(request) | changes))

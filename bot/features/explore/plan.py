"""What an exploration asks for: one request several times, with one thing that differs."""

import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from bot.domain.exploration import ExplorationPlan, Variation
from bot.i18n import Messages
from shared.catalogue import Catalogue, Model
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import (
    Request,
    adapt_to_model,
    find_alternative_models,
    make_unsupported_problem,
    pick_seed,
    validate_request,
)

MIN_VARIANTS: Final = 2
MAX_VARIANTS: Final = 9
DEFAULT_VARIANTS: Final = 4
VALUES_LIMIT: Final = 400
_MIN_KEEP_PERCENT: Final = (
    10  # percent: below, next to nothing of the picture is left, and above the other, of the prompt
)
_MAX_KEEP_PERCENT: Final = 90
_VALUE_DISPLAY_LIMIT: Final = 100
_FIELD_BY_VARIATION: Final = {Variation.SEEDS: "seed", Variation.STYLES: "style_preset", Variation.KEEP: "keep"}


def plan_exploration(
    variation: Variation,
    request: Request,
    catalogue: Catalogue,
    messages: Messages,
    *,
    count: int,
    values_text: str,
    today: date,
    rng: random.Random,
) -> ExplorationPlan:
    """Plan `count` cells, or one for each value that was `written`, with commas in between.

    But for what it is over, the cells are the same, their seed too. Raises `RejectedError` with everything that is
    wrong.
    """
    model = catalogue.models[request.model]
    seeded = request.model_copy(update={"seed": pick_seed(request, model, rng)})
    if variation is Variation.MODELS:
        requests = _build_requests_by_model(seeded, catalogue, values_text, count, today)
    else:
        field = _FIELD_BY_VARIATION[variation]
        if field not in model.fields:
            raise RejectedError(make_unsupported_problem(field, model, catalogue))
        values = (
            _parse_values(variation, values_text, model, messages)
            if values_text
            else _pick_values(variation, seeded, model, count, rng)
        )
        requests = [seeded.model_copy(update={field: value}) for value in values]
    wrong = [found for one in requests for found in validate_request(one, catalogue.models[one.model], catalogue)]
    if wrong:
        raise RejectedError(*(found for place, found in enumerate(wrong) if found not in wrong[:place]))
    different = [one for place, one in enumerate(requests) if one not in requests[:place]]
    if not MIN_VARIANTS <= len(different) <= MAX_VARIANTS:
        raise RejectedError(
            make_problem("explore_count", count=len(different), least=MIN_VARIANTS, most=MAX_VARIANTS, field="values")
        )
    return ExplorationPlan(variation, tuple(different))


def _build_requests_by_model(
    request: Request, catalogue: Catalogue, values_text: str, count: int, today: date
) -> Sequence[Request]:
    """Ask models for the same, as far as each has the options: those named, or those that would take it."""
    if values_text:
        models = list(_find_models(values_text, catalogue))
    else:
        models = [catalogue.models[request.model], *find_alternative_models(request, catalogue, today)][:count]
    return [_adapt_request(model, request, catalogue) for model in models]


def _adapt_request(model: Model, request: Request, catalogue: Catalogue) -> Request:
    asked = adapt_to_model(request, model, catalogue)
    if "seed" not in model.fields or request.seed is None:
        return asked
    return asked.model_copy(update={"seed": min(request.seed, int(model.fields["seed"].maximum or 1))})


def _find_models(values_text: str, catalogue: Catalogue) -> Iterator[Model]:
    for name in _split_values(values_text):
        model = catalogue.find_model(name)
        if model is None:
            names = ", ".join(model.name for model in catalogue.generation_models)
            raise RejectedError(make_problem("model_unknown", value=name[:_VALUE_DISPLAY_LIMIT], models=names))
        yield model


def _pick_values(variation: Variation, request: Request, model: Model, count: int, rng: random.Random) -> Sequence[Any]:
    """Choose values: seeds by chance, the others evenly over all there are."""
    if variation is Variation.SEEDS:
        unseeded = request.model_copy(update={"seed": None})
        return [request.seed, *(pick_seed(unseeded, model, rng) for _ in range(count - 1))]
    if variation is Variation.KEEP:
        step = (_MAX_KEEP_PERCENT - _MIN_KEEP_PERCENT) / (count - 1)
        return [float(round(_MIN_KEEP_PERCENT + step * place)) for place in range(count)]
    styles = model.fields["style_preset"].choices
    last = min(count, len(styles)) - 1
    return [styles[round(place * (len(styles) - 1) / max(last, 1))] for place in range(last + 1)]


def _parse_values(variation: Variation, values_text: str, model: Model, messages: Messages) -> Sequence[Any]:
    """Read the values that a person wrote. Raises `RejectedError` with those that are no number where one belongs."""
    if variation is Variation.STYLES:
        labels = {
            messages.get_choice_label("style_preset", value).casefold(): value
            for value in model.fields["style_preset"].choices
        }
        return [labels.get(part.casefold(), part.casefold()) for part in _split_values(values_text)]
    values: list[float] = []
    wrong: list[Problem] = []
    for part in _split_values(values_text):
        try:
            values.append(int(part) if variation is Variation.SEEDS else float(part.removesuffix("%")))
        except ValueError:
            wrong.append(make_problem("not_a_number", field="values", value=part[:_VALUE_DISPLAY_LIMIT]))
    if wrong:
        raise RejectedError(*wrong)
    return values


def _split_values(values_text: str) -> list[str]:
    return [part.strip() for part in values_text.replace(";", ",").split(",") if part.strip()]

"""Plans an exploration: the request of each variant, alike but for one setting."""

import random
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from bot.domain.exploration import ExplorationPlan, Variation
from shared.catalogue import Catalogue, Model, make_other_task_problem, make_unknown_model_problem
from shared.i18n.messages import Messages
from shared.problems import Problem, RejectedError, make_problem
from shared.request.builder import pick_seed, pick_seeds
from shared.request.conversion import adapt_to_model, find_alternative_models
from shared.request.model import Request
from shared.request.validation import validate_request
from shared.typed_text import has_visible_text, parse_number, parse_whole_number, strip_percent_sign

_T = TypeVar("_T")

MIN_VARIANTS: Final = 2
MAX_VARIANTS: Final = 9
DEFAULT_VARIANTS: Final = 4
VALUES_LIMIT: Final = 400
_MIN_KEEP_PERCENT: Final = 10  # below, almost nothing of the picture is left
_MAX_KEEP_PERCENT: Final = 90  # above, the prompt has almost no effect
_VALUE_DISPLAY_LIMIT: Final = 100
_SEPARATOR: Final = re.compile("[;,]")
_SPACED_COMMA: Final = re.compile(r",\s")
_SEPARATOR_BESIDE_DECIMALS: Final = re.compile(r";|(?<!\d),|,(?!\d)")  # all commas but those between two digits
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
    """Plan `count` variants, or one for each of the values in `values_text`, which commas or semicolons separate.

    Except for the setting that varies, all requests are alike, including the seed. Raises `RejectedError` with all
    problems.
    """
    model = catalogue.models[request.model]
    seeded = request.model_copy(update={"seed": pick_seed(request, model, rng)})
    if variation is Variation.MODELS:
        requests = _build_requests_by_model(seeded, catalogue, values_text, count, today)
    else:
        requests = _build_requests_by_value(variation, seeded, catalogue, messages, values_text, count, rng)
    problems = [
        problem for one in requests for problem in validate_request(one, catalogue.models[one.model], catalogue)
    ]
    if problems:
        raise RejectedError(*_remove_duplicates(problems))
    distinct = _remove_duplicates(requests)
    if not MIN_VARIANTS <= len(distinct) <= MAX_VARIANTS:
        raise RejectedError(
            make_problem(
                "exploration_count", count=len(distinct), least=MIN_VARIANTS, most=MAX_VARIANTS, field="values"
            )
        )
    return ExplorationPlan(variation, tuple(distinct))


def _build_requests_by_model(
    request: Request, catalogue: Catalogue, values_text: str, count: int, today: date
) -> Sequence[Request]:
    """Adapt the request to the models that were named, or to the first `count` models that accept it."""
    if has_visible_text(values_text):
        models = list(_find_models(values_text, catalogue))
    else:
        models = [catalogue.models[request.model], *find_alternative_models(request, catalogue, today)][:count]
    return [_adapt_with_seed(request, model, catalogue) for model in models]


def _adapt_with_seed(request: Request, model: Model, catalogue: Catalogue) -> Request:
    adapted = adapt_to_model(request, model, catalogue).request
    if "seed" not in model.fields or request.seed is None:
        return adapted
    return adapted.model_copy(update={"seed": min(request.seed, int(model.fields["seed"].maximum or 1))})


def _find_models(values_text: str, catalogue: Catalogue) -> Iterator[Model]:
    for name in _split_values(values_text):
        model = catalogue.find_model(name)
        if model is None:
            raise RejectedError(make_unknown_model_problem(name, catalogue.generation_models))
        if model.task != "generate":
            raise RejectedError(make_other_task_problem(model, catalogue.generation_models))
        yield model


def _build_requests_by_value(
    variation: Variation,
    request: Request,
    catalogue: Catalogue,
    messages: Messages,
    values_text: str,
    count: int,
    rng: random.Random,
) -> Sequence[Request]:
    field = _FIELD_BY_VARIATION[variation]
    model = catalogue.models[request.model]
    if field not in model.fields:
        raise RejectedError(make_problem("variation_unsupported", variation=variation, model=model.name))
    if has_visible_text(values_text):
        values = _parse_values(variation, values_text, model, messages)
    else:
        values = _pick_values(variation, request, model, count, rng)
    return [request.model_copy(update={field: value}) for value in values]


def _pick_values(variation: Variation, request: Request, model: Model, count: int, rng: random.Random) -> Sequence[Any]:
    """Pick random seeds, or styles or percentages at equal distances."""
    if variation is Variation.SEEDS:
        return pick_seeds(request, model, count, rng)
    if variation is Variation.KEEP:
        step = (_MAX_KEEP_PERCENT - _MIN_KEEP_PERCENT) / (count - 1)
        return [float(round(_MIN_KEEP_PERCENT + step * index)) for index in range(count)]
    styles = model.fields["style_preset"].choices
    last_index = min(count, len(styles)) - 1
    return [styles[round(index * (len(styles) - 1) / max(last_index, 1))] for index in range(last_index + 1)]


def _parse_values(variation: Variation, values_text: str, model: Model, messages: Messages) -> Sequence[Any]:
    """Parse styles, by value or by label, or numbers. Raises `RejectedError` (not_a_number)."""
    if variation is Variation.STYLES:
        style_by_label = {
            messages.get_choice_label("style_preset", style).casefold(): style
            for style in model.fields["style_preset"].choices
        }
        return [style_by_label.get(part.casefold(), part.casefold()) for part in _split_values(values_text)]
    values: list[float] = []
    problems: list[Problem] = []
    has_decimal_commas = variation is Variation.KEEP and _has_decimal_commas(values_text, messages)
    for part in _split_values(values_text, has_decimal_commas=has_decimal_commas):
        try:
            values.append(
                parse_whole_number(part) if variation is Variation.SEEDS else parse_number(strip_percent_sign(part))
            )
        except ValueError:
            problems.append(make_problem("not_a_number", field="values", value=part[:_VALUE_DISPLAY_LIMIT]))
    if problems:
        raise RejectedError(*problems)
    return values


def _has_decimal_commas(values_text: str, messages: Messages) -> bool:
    """Return whether a comma between two digits is a decimal comma.

    It is where other marks separate the values: semicolons, or commas with a space in a language with decimal commas.
    """
    has_decimal_commas = messages.text("language.decimal") == ","
    return ";" in values_text or (has_decimal_commas and _SPACED_COMMA.search(values_text) is not None)


def _split_values(values_text: str, *, has_decimal_commas: bool = False) -> list[str]:
    separator = _SEPARATOR_BESIDE_DECIMALS if has_decimal_commas else _SEPARATOR
    return [part.strip() for part in separator.split(values_text) if has_visible_text(part)]


def _remove_duplicates(items: Sequence[_T]) -> list[_T]:
    """Remove duplicates of values that may not be hashable, keeping the order."""
    return [item for index, item in enumerate(items) if item not in items[:index]]

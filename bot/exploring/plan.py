"""What an exploration asks for: one request several times, with one thing that differs."""

import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from bot.phrases import Phrases
from bot.ports import Over, Plan
from shared.catalogue import Catalogue, Model
from shared.errors import Problem, Refused, problem
from shared.request import Request, carried_over, draw_seed, others_for, problems_of, unsupported

FEWEST: Final = 2
MOST: Final = 9
USUAL: Final = 4
VALUES_LIMIT: Final = 400
_LEAST_KEPT: Final = 10  # percent: below, next to nothing of the picture is left, and above the other, of the prompt
_MOST_KEPT: Final = 90
_SHOWN: Final = 100
_FIELDS: Final = {Over.SEEDS: "seed", Over.STYLES: "style_preset", Over.KEEP: "keep"}


def planned(
    over: Over,
    request: Request,
    catalogue: Catalogue,
    phrases: Phrases,
    *,
    count: int,
    written: str,
    today: date,
    chance: random.Random,
) -> Plan:
    """Plan `count` cells, or one for each value that was `written`, with commas in between.

    But for what it is over, the cells are the same, their seed too. Raises `Refused` with everything that is wrong.
    """
    model = catalogue.models[request.model]
    seeded = request.model_copy(update={"seed": draw_seed(request, model, chance)})
    if over is Over.MODELS:
        requests = _over_models(seeded, catalogue, written, count, today)
    else:
        field = _FIELDS[over]
        if field not in model.fields:
            raise Refused(unsupported(field, model, catalogue))
        values = _read(over, written, model, phrases) if written else _chosen(over, seeded, model, count, chance)
        requests = [seeded.model_copy(update={field: value}) for value in values]
    wrong = [found for one in requests for found in problems_of(one, catalogue.models[one.model], catalogue)]
    if wrong:
        raise Refused(*(found for place, found in enumerate(wrong) if found not in wrong[:place]))
    different = [one for place, one in enumerate(requests) if one not in requests[:place]]
    if not FEWEST <= len(different) <= MOST:
        raise Refused(problem("explore_count", count=len(different), least=FEWEST, most=MOST, field="values"))
    return Plan(over, tuple(different))


def _over_models(request: Request, catalogue: Catalogue, written: str, count: int, today: date) -> Sequence[Request]:
    """Ask models for the same, as far as each has the options: those named, or those that would take it."""
    if written:
        models = list(_found(written, catalogue))
    else:
        models = [catalogue.models[request.model], *others_for(request, catalogue, today)][:count]
    return [_asked_of(model, request, catalogue) for model in models]


def _asked_of(model: Model, request: Request, catalogue: Catalogue) -> Request:
    asked = carried_over(request, model, catalogue)
    if "seed" not in model.fields or request.seed is None:
        return asked
    return asked.model_copy(update={"seed": min(request.seed, int(model.fields["seed"].maximum or 1))})


def _found(written: str, catalogue: Catalogue) -> Iterator[Model]:
    for name in _parts(written):
        model = catalogue.find(name)
        if model is None:
            names = ", ".join(model.name for model in catalogue.offered)
            raise Refused(problem("model_unknown", value=name[:_SHOWN], models=names))
        yield model


def _chosen(over: Over, request: Request, model: Model, count: int, chance: random.Random) -> Sequence[Any]:
    """Choose values: seeds by chance, the others evenly over all there are."""
    if over is Over.SEEDS:
        unseeded = request.model_copy(update={"seed": None})
        return [request.seed, *(draw_seed(unseeded, model, chance) for _ in range(count - 1))]
    if over is Over.KEEP:
        step = (_MOST_KEPT - _LEAST_KEPT) / (count - 1)
        return [float(round(_LEAST_KEPT + step * place)) for place in range(count)]
    styles = model.fields["style_preset"].choices
    last = min(count, len(styles)) - 1
    return [styles[round(place * (len(styles) - 1) / max(last, 1))] for place in range(last + 1)]


def _read(over: Over, written: str, model: Model, phrases: Phrases) -> Sequence[Any]:
    """Read the values that a person wrote. Raises `Refused` with those that are no number where one belongs."""
    if over is Over.STYLES:
        labels = {
            phrases.choice("style_preset", value).casefold(): value for value in model.fields["style_preset"].choices
        }
        return [labels.get(part.casefold(), part.casefold()) for part in _parts(written)]
    values: list[float] = []
    wrong: list[Problem] = []
    for part in _parts(written):
        try:
            values.append(int(part) if over is Over.SEEDS else float(part.removesuffix("%")))
        except ValueError:
            wrong.append(problem("not_a_number", field="values", value=part[:_SHOWN]))
    if wrong:
        raise Refused(*wrong)
    return values


def _parts(written: str) -> list[str]:
    return [part.strip() for part in written.replace(";", ",").split(",") if part.strip()]

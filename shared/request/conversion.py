"""Conversion of a request to another model, to an upscale of its result, and to settings that can be saved."""

from contextlib import suppress
from datetime import date
from typing import Any, Final

from shared.catalogue import Catalogue, Model
from shared.notes import make_note
from shared.problems import RejectedError, make_problem
from shared.prompts import split_negative_prompt
from shared.request.expression import express_for_model
from shared.request.model import PICTURE_OPTIONS, SUBJECT_OPTIONS, TEXT_OPTIONS, BuiltRequest, Request
from shared.request.validation import validate_request

FINISH_KEEP: Final = 65.0
"""The percentage of a draft that a better model keeps."""


def adapt_to_model(
    request: Request, model: Model, catalogue: Catalogue, *, from_result: bool = False, **changes: Any
) -> BuiltRequest:
    """Convert a request to a model, with a new seed, express it in the way that the model reads, and validate it.

    `from_result`: the source is the picture that the request resulted in, so the options for the original source
    are left out. `changes` replace fields. Raises `RejectedError` with every reason for which the model would not
    take the result.
    """
    built = express_for_model(convert_to_model(request, model, from_result=from_result, **changes), model)
    lacks_prompt = model.requires_prompt and not built.request.text_prompts
    problems = [
        *((make_problem("prompt_empty"),) if lacks_prompt else ()),
        *validate_request(built.request, model, catalogue),
    ]
    if problems:
        raise RejectedError(*problems)
    return _note_replacement(request, built, model, catalogue)


def convert_to_model(request: Request, model: Model, *, from_result: bool = False, **changes: Any) -> Request:
    """Convert a request to a model, with a new seed. The result may be one that the model does not take."""
    omitted = {"seed"} | ({*TEXT_OPTIONS, *PICTURE_OPTIONS} if from_result else set())
    options = {
        name: value
        for name, value in request.explicit_options().items()
        if name not in omitted and (name in model.fields or name == "fit")
    }
    inputs = {
        "text_prompts": request.text_prompts if model.reads_prompts else (),
        "mask": request.mask if model.mask != "none" and not from_result else None,
        "has_style_picture": request.has_style_picture and model.style_picture != "none",
    }
    return Request(model=model.key, has_picture=from_result or request.has_picture, **(inputs | options | changes))


def find_alternative_models(request: Request, catalogue: Catalogue, today: date) -> tuple[Model, ...]:
    """Find the other models that are offered and would take a request, for when its own model is gone."""
    own = catalogue.models.get(request.model)
    candidates = catalogue.list_choosable_models("generate" if own is None else own.task)
    return tuple(
        model
        for model in candidates
        if model.key != request.model
        and (own is None or model.operation == own.operation)
        and not model.is_retired(today)
        and _can_adapt(request, model, catalogue)
    )


def build_upscale_requests(request: Request, catalogue: Catalogue) -> tuple[Request, ...]:
    """Build a request to upscale the result of another, one for each offered upscaler that would take it.

    Upscalers that read a prompt get the original one, with its weights if they read any; without one, those that need
    one are left out. An upscaled picture is not
    upscaled again.
    """
    model = catalogue.models.get(request.model)
    if model is not None and model.task == "upscale":
        return ()
    prompts = tuple(part for part in request.text_prompts if part.weight)
    candidates = (
        (row, Request(model=row.key, text_prompts=prompts if row.reads_prompts else (), has_picture=True))
        for row in catalogue.upscale_models
        if prompts or not row.requires_prompt
    )
    expressed = ((row, express_for_model(upscale, row).request) for row, upscale in candidates)
    return tuple(upscale for row, upscale in expressed if not validate_request(upscale, row, catalogue))


def build_finish_requests(request: Request, catalogue: Catalogue) -> tuple[BuiltRequest, ...]:
    """Build a request to make a result with each better model on offer: one whose pictures cost more.

    It starts from the result, most of which is kept. A model that reads no pictures makes it from the same words, if
    the result was made from words alone.
    """
    own = catalogue.models.get(request.model)
    if own is None or own.task != "generate" or not request.text_prompts:
        return ()
    requests = []
    for model in catalogue.generation_models:
        if model.price_usd <= own.price_usd or (model.picture == "none" and request.has_picture):
            continue
        from_result = model.picture != "none"
        changes = {"keep": FINISH_KEEP} if "keep" in model.fields and from_result else {}
        with suppress(RejectedError):
            requests.append(adapt_to_model(request, model, catalogue, from_result=from_result, **changes))
    return tuple(requests)


def extract_settings(request: Request) -> dict[str, Any]:
    """Extract the chosen options that suit other pictures, too, by the names that `build_request` takes."""
    _, negative = split_negative_prompt(request.text_prompts)
    omitted = {"seed", "extras", *SUBJECT_OPTIONS}
    options = {name: value for name, value in request.explicit_options().items() if name not in omitted}
    return {"model": request.model, **({"negative": negative} if negative else {}), **options}


def _note_replacement(request: Request, built: BuiltRequest, model: Model, catalogue: Catalogue) -> BuiltRequest:
    """Add a note if the model of the request is no longer available, so that another one makes the picture."""
    former = catalogue.models.get(request.model)
    if model.key == request.model or catalogue.is_available(former):
        return built
    note = make_note("model_replaced", former=former.name if former else request.model, model=model.name)
    return BuiltRequest(built.request, (note, *built.notes))


def _can_adapt(request: Request, model: Model, catalogue: Catalogue) -> bool:
    try:
        adapt_to_model(request, model, catalogue)
    except RejectedError:
        return False
    return True

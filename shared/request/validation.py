"""Validation of a request against a model's row of the catalogue: its fields, and which of them go together."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from shared.catalogue import IMAGE_STRENGTH, STEP_SCHEDULE, Catalogue, Model
from shared.problems import Problem, make_problem
from shared.request.expression import format_prompts_for_model
from shared.request.model import PICTURE_OPTIONS, SCHEDULE_OPTIONS, SIDES, TEXT_OPTIONS, Request
from shared.typed_text import has_visible_text

MAX_QUOTED_LENGTH: Final = 100
"""Characters of an invalid value that a problem quotes."""

_QUOTED_PROMPT_LENGTH: Final = 60


def validate_request(request: Request, model: Model, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return every reason for which this model would not take the request; none if it is valid.

    The catalogue serves to name models that would.
    """
    return (
        *_validate_options(request, model, catalogue),
        *_validate_required_options(request, model),
        *_validate_prompts(request, model, catalogue),
        *_validate_picture(request, model, catalogue),
        *_validate_other_pictures(request, model, catalogue),
        *_validate_mode(request, model),
    )


def can_add_option(request: Request, field: str, value: Any, model: Model) -> bool:
    """Return whether the model reads this option with this value, and it goes with the rest of the request."""
    if field in _list_misplaced_options(request, model):
        return False
    if field == "fit":
        return model.bounds is None or model.bounds.fits
    spec = model.fields.get(field)
    return spec is not None and spec.accepts(value) and _fits_mode(request, field, value, model)


def can_add_negative_prompt(request: Request, text: str, model: Model) -> bool:
    """Return whether the model reads a negative prompt of this length beside the prompts of the request."""
    if not model.reads_negative_prompts or not request.text_prompts:
        return False
    _, unwanted = request.format_unweighted_prompts()
    if unwanted and not model.weighs_prompts:  # such a model reads all negative prompts as one text
        text = f"{unwanted}, {text}"
    return len(text) <= model.prompt_limit


def make_unsupported_problem(field: str, model: Model, catalogue: Catalogue) -> Problem:
    """Make the problem that a model lacks a field, naming those of the same task that have it."""
    return _make_unsupported_problem(field, model, catalogue, lambda other: field in other.fields)


def _make_unsupported_problem(
    field: str, model: Model, catalogue: Catalogue, has_field: Callable[[Model], bool]
) -> Problem:
    models = _suggest_models(catalogue, model, has_field)
    if models:
        return make_problem("field_unsupported", field=field, model=model.name, models=models)
    return make_problem("field_unsupported_anywhere", field=field, model=model.name)


def _validate_options(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    for field, value in request.explicit_options().items():
        if field == "fit":
            continue
        spec = model.fields.get(field)
        if spec is None:
            yield make_unsupported_problem(field, model, catalogue)
        elif spec.limit is not None and len(value) > spec.limit:
            lengths = {"length": len(value), "limit": spec.limit}
            yield make_problem("text_too_long", field=field, model=model.name, **lengths)
        elif spec.accepts(value):
            continue
        elif spec.choices:
            facts = {"value": str(value)[:MAX_QUOTED_LENGTH], "choices": ", ".join(spec.choices)}
            yield make_problem("not_a_choice", field=field, model=model.name, **facts)
        else:
            bounds = {"minimum": _format_number(spec.minimum), "maximum": _format_number(spec.maximum)}
            yield make_problem("out_of_range", field=field, value=_format_number(value), model=model.name, **bounds)


def _validate_required_options(request: Request, model: Model) -> Iterator[Problem]:
    for field, spec in model.fields.items():
        if spec.required and not has_visible_text(str(getattr(request, field) or "")):
            yield make_problem("field_required", field=field, model=model.name)
    if any(side in model.fields for side in SIDES) and not any(getattr(request, side) for side in SIDES):
        yield make_problem("no_side_extended", model=model.name)


def _validate_prompts(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    if not model.reads_prompts:
        if request.text_prompts:
            yield make_unsupported_problem("prompt", model, catalogue)
        return
    yield from _find_empty_prompts(request)
    if model.weighs_prompts:
        texts = [("negative prompt" if p.weight < 0 else "prompt", p.text) for p in request.text_prompts]
    else:
        wanted, unwanted = format_prompts_for_model(request, model)
        texts = [("prompt", wanted), ("negative prompt", unwanted)]
        if unwanted and not model.reads_negative_prompts:
            yield _make_unsupported_problem("negative", model, catalogue, lambda m: m.reads_negative_prompts)
        is_only_negative = request.text_prompts and not any(part.weight > 0 for part in request.text_prompts)
        if model.requires_prompt and is_only_negative:
            yield make_problem("prompt_only_negative", model=model.name)
            return
        for part in request.text_prompts:
            if abs(part.weight) != 1 and not model.reads_emphasis:
                facts = {"text": part.text[:_QUOTED_PROMPT_LENGTH], "value": _format_number(part.weight)}
                others = _suggest_models(catalogue, model, lambda m: m.weighs_prompts) or "a model with weights"
                yield make_problem("weight_unsupported", model=model.name, models=others, **facts)
    for field, text in texts:
        if len(text) > model.prompt_limit:
            lengths = {"length": len(text), "limit": model.prompt_limit}
            yield make_problem("prompt_too_long", field=field, model=model.name, **lengths)


def _find_empty_prompts(request: Request) -> Iterator[Problem]:
    for number, part in enumerate(request.text_prompts, 1):
        if not has_visible_text(part.text):
            yield make_problem("prompt_part_empty", number=number)


def _validate_picture(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    if request.has_picture and model.picture == "none":
        readers = _suggest_models(catalogue, model, lambda m: m.picture != "none") or "another model"
        yield make_problem("picture_unsupported", model=model.name, models=readers)
    if not request.has_picture and model.picture == "required":
        yield make_problem("picture_required", model=model.name)
    if request.fit is not None and model.bounds is not None and not model.bounds.fits:
        yield make_problem("fit_unsupported", field="fit", model=model.name)
    code = "text_only_option" if request.has_picture else "picture_only_option"
    for field in _list_misplaced_options(request, model):
        if getattr(request, field) is not None and (field in model.fields or field == "fit"):
            yield make_problem(code, field=field)


def _validate_other_pictures(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    """Check that there is a mask, and a picture of a style, for a model that needs them, and for no other."""
    if model.mask == "required" and request.mask is None:
        yield make_problem("mask_required", model=model.name)
    if model.mask == "none" and request.mask is not None:
        yield _make_unsupported_problem("mask", model, catalogue, lambda m: m.mask != "none")
    if model.style_picture == "required" and not request.has_style_picture:
        yield make_problem("style_picture_required", model=model.name)
    if model.style_picture == "none" and request.has_style_picture:
        yield _make_unsupported_problem("style_picture", model, catalogue, lambda m: m.style_picture != "none")


def _list_misplaced_options(request: Request, model: Model) -> tuple[str, ...]:
    if not request.has_picture:
        return PICTURE_OPTIONS
    return () if request.reads_text_options(model) else TEXT_OPTIONS


def _validate_mode(request: Request, model: Model) -> Iterator[Problem]:
    if not request.has_picture:
        return
    if not request.is_scheduled(model):
        for field in SCHEDULE_OPTIONS:
            if getattr(request, field) is not None:
                yield make_problem("mode_conflict", field=field, mode=IMAGE_STRENGTH, other=STEP_SCHEDULE)
        return
    if request.keep is not None:
        yield make_problem("mode_conflict", field="keep", mode=STEP_SCHEDULE, other=IMAGE_STRENGTH)
    start, end = request.resolve_value("step_schedule_start", model), request.step_schedule_end
    if not _is_descending(start, end):
        yield make_problem("schedule_order", start=_format_number(start), end=_format_number(end))


def _fits_mode(request: Request, field: str, value: Any, model: Model) -> bool:
    match field:
        case "keep":
            return not request.is_scheduled(model)
        case "init_image_mode":
            return value != STEP_SCHEDULE or request.keep is None
        case "step_schedule_start":
            return request.is_scheduled(model) and _is_descending(value, request.step_schedule_end)
        case "step_schedule_end":
            start = request.resolve_value("step_schedule_start", model)
            return request.is_scheduled(model) and _is_descending(start, value)
        case _:
            return True


def _is_descending(start: float | None, end: float | None) -> bool:
    return start is None or end is None or end < start


def _format_number(number: float | str | None) -> str:
    return f"{number:.12g}" if isinstance(number, float) else str(number)


def _suggest_models(catalogue: Catalogue, model: Model, is_suitable: Callable[[Model], bool]) -> str:
    """Name the suitable models for the same task that people may choose; "" if there are none."""
    return " / ".join(other.name for other in catalogue.list_choosable_models(model.task) if is_suitable(other))

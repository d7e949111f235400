"""What a person asked for: one frozen value, held against its model's row before it exists."""

import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, JsonValue

from shared.catalogue import Catalogue, FieldSpec, Model, make_unknown_model_problem
from shared.problems import Problem, RejectedError, make_problem
from shared.prompts import TextPrompt, parse_prompt, split_negative_prompt

EXTRAS_MAX_LENGTH = 2000
EXTRAS_MAX_DEPTH = 32  # readers of JSON stop at 200 or so, and what is taken on must be read again
PICTURE_OPTIONS = ("init_image_mode", "keep", "step_schedule_start", "step_schedule_end", "fit")
TEXT_OPTIONS = ("aspect_ratio",)
SCHEDULE_OPTIONS = ("step_schedule_start", "step_schedule_end")


class Fit(StrEnum):
    """How a picture of another shape is brought to one of the model's sizes."""

    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"


class Request(BaseModel):
    """Everything of a generation but its picture and its drawn seed. `None` means: the model's default.

    `keep` is how much of the picture stays, in percent: SDXL's `image_strength` and the others' `1 - strength`.
    `text_prompts` are none where the model reads none.
    Ranges and choices are the model's row in the catalogue; `compose` holds a request against it.
    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-image-image.html
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str
    text_prompts: tuple[TextPrompt, ...]
    has_picture: bool
    fit: Fit | None = None
    keep: float | None = None
    init_image_mode: str | None = None
    step_schedule_start: float | None = None
    step_schedule_end: float | None = None
    cfg_scale: float | None = None
    clip_guidance_preset: str | None = None
    sampler: str | None = None
    samples: int | None = None
    seed: int | None = None
    steps: int | None = None
    style_preset: str | None = None
    output_format: str | None = None
    aspect_ratio: str | None = None
    creativity: float | None = None
    extras: dict[str, JsonValue] | None = None

    def explicit_options(self) -> dict[str, Any]:
        """The options that were chosen, by field name."""
        return self.model_dump(exclude_none=True, exclude={"model", "text_prompts", "has_picture"}, mode="json")

    def resolve_value(self, field: str, model: Model) -> Any:
        """What is in force for this field: chosen, or the model's default, or None."""
        chosen = getattr(self, field)
        spec = model.fields.get(field)
        return chosen if chosen is not None or spec is None else spec.default

    def format_unweighted_prompts(self) -> tuple[str, str]:
        """Prompt and negative prompt for a model without weights, "" when there is none."""
        wanted = ", ".join(p.text for p in self.text_prompts if p.weight > 0)
        unwanted = ", ".join(p.text for p in self.text_prompts if p.weight < 0)
        return wanted, unwanted


_NUMBER_TYPES: dict[str, type[int | float]] = {
    name: kind
    for name, field in Request.model_fields.items()
    for kind in (int, float)
    if field.annotation == kind | None
}
OPTION_NAMES = tuple(name for name in Request.model_fields if name not in {"model", "text_prompts", "has_picture"})
_DEFAULTABLE_FIELDS = (
    "model",
    "negative",
    *OPTION_NAMES,
)  # the model first: it decides about the others, as the mode about schedules


def build_request(
    catalogue: Catalogue,
    *,
    prompt: str | None = None,
    negative: str | None = None,
    model: str | None = None,
    has_picture: bool,
    **options: Any,
) -> Request:
    """Build a request from the options as a person wrote them.

    Raises `RejectedError` with all of its problems, not only the first.
    A number may be text, as a form has it.
    """
    row = catalogue.models[catalogue.default] if model is None else catalogue.find_model(model)
    if row is None:
        raise RejectedError(make_unknown_model_problem(str(model), catalogue.generation_models))
    wrong: list[Problem] = []
    text_prompts: tuple[TextPrompt, ...] = ()
    if prompt or row.reads_prompts:
        try:
            text_prompts = parse_prompt(_replace_surrogates(prompt or ""))
        except RejectedError as refused:
            wrong += refused.problems
    if negative and negative.strip():
        text_prompts += (TextPrompt(text=_replace_surrogates(negative.strip()), weight=-1),)
    read = {name: _parse_value(name, value) for name, value in options.items() if value is not None}
    given = {name: value for name, value in read.items() if value is not None}
    wrong += [
        make_problem("not_a_number", field=name, value=str(options[name])[:100]) for name in read if name not in given
    ]
    request = Request(model=row.key, text_prompts=text_prompts, has_picture=has_picture, **given)
    wrong += validate_request(request, row, catalogue)
    if wrong:
        raise RejectedError(*wrong)
    return request


def build_request_with_defaults(
    catalogue: Catalogue, *preferred: Mapping[str, Any], has_picture: bool, **written: Any
) -> Request:
    """Build a request as `compose` does, what was left out filled as preferred where nothing is wrong for it.

    What is preferred first goes before the rest.
    """
    given = {name: value for name, value in written.items() if value is not None}
    if not any(preferred):
        return build_request(catalogue, has_picture=has_picture, **given)
    wrong = _count_problems(catalogue, has_picture, given)
    models = {model.key for model in catalogue.generation_models}
    for wishes in preferred:
        for name in _DEFAULTABLE_FIELDS:
            if name in given or name not in wishes or (name == "model" and wishes[name] not in models):
                continue
            trial = given | {name: wishes[name]}
            count = _count_problems(catalogue, has_picture, trial)
            if count <= wrong:
                given, wrong = trial, count
    return build_request(catalogue, has_picture=has_picture, **given)


def _count_problems(catalogue: Catalogue, has_picture: bool, options: Mapping[str, Any]) -> int:
    try:
        build_request(catalogue, has_picture=has_picture, **options)
    except RejectedError as refused:
        return len(refused.problems)
    return 0


def _parse_value(name: str, value: Any) -> Any:
    """Read what fills a field: of a number's field a finite number, else None; of any other what it is."""
    kind = _NUMBER_TYPES.get(name)
    if kind is None:
        return value
    try:
        number = kind(value.strip().removesuffix("%").replace(",", ".")) if isinstance(value, str) else value
    except ValueError:
        return None
    return None if isinstance(number, float) and not math.isfinite(number) else number


def validate_request(request: Request, model: Model, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Everything that this model would not take of this request."""
    return (
        *_validate_options(request, model, catalogue),
        *_validate_prompts(request, model, catalogue),
        *_validate_picture(request, model, catalogue),
        *_validate_schedule(request, model),
    )


def adapt_to_model(
    request: Request, model: Model, catalogue: Catalogue, *, from_result: bool = False, **changes: Any
) -> Request:
    """Ask a model for the same, as far as it has the options; the seed is drawn anew.

    `on_result`: the picture that came of the request is the new source, so what shaped the old one is left out.
    `changes` are fields with new values. Raises `RejectedError` with what the model would not take.
    """
    carried = convert_to_model(request, model, from_result=from_result, **changes)
    wordless = [make_problem("prompt_empty")] if model.reads_prompts and not carried.text_prompts else []
    wrong = [*wordless, *validate_request(carried, model, catalogue)]
    if wrong:
        raise RejectedError(*wrong)
    return carried


def convert_to_model(request: Request, model: Model, *, from_result: bool = False, **changes: Any) -> Request:
    """Write for a model what `carried_over` asks of it, whether it would take it or not."""
    left_out = {"seed"} | ({*TEXT_OPTIONS, *PICTURE_OPTIONS} if from_result else set())
    kept = {
        name: value
        for name, value in request.explicit_options().items()
        if name not in left_out and (name in model.fields or name == "fit")
    }
    words = {"text_prompts": request.text_prompts if model.reads_prompts else ()}
    return Request(model=model.key, has_picture=from_result or request.has_picture, **(words | kept | changes))


def find_alternative_models(request: Request, catalogue: Catalogue, today: date) -> tuple[Model, ...]:
    """The other models on offer that would take a request, for when its own is gone."""
    own = catalogue.models.get(request.model)
    candidates = catalogue.models_for_task("paint" if own is None else own.task)
    return tuple(
        model
        for model in candidates
        if model.key != request.model and not model.is_retired(today) and _accepts_request(model, request, catalogue)
    )


def _accepts_request(model: Model, request: Request, catalogue: Catalogue) -> bool:
    try:
        adapt_to_model(request, model, catalogue)
    except RejectedError:
        return False
    return True


def build_upscale_requests(request: Request, catalogue: Catalogue) -> tuple[Request, ...]:
    """Ask for the picture of a finished request to be made larger: once for each upscaler on offer that would take it.

    Each carries the prompt, weights taken away, where the upscaler reads one. What is upscaled already gets none.
    """
    made_by = catalogue.models.get(request.model)
    if made_by is not None and made_by.task == "upscale":
        return ()
    plain = tuple(p.model_copy(update={"weight": math.copysign(1, p.weight)}) for p in request.text_prompts if p.weight)
    asked = (
        (row, Request(model=row.key, text_prompts=plain if row.reads_prompts else (), has_picture=True))
        for row in catalogue.upscale_models
    )
    return tuple(larger for row, larger in asked if not validate_request(larger, row, catalogue))


def extract_settings(request: Request) -> dict[str, Any]:
    """Give what was chosen but for the prompt, the seed and extras, by the names that `compose` takes."""
    _, negative = split_negative_prompt(request.text_prompts)
    chosen = {name: value for name, value in request.explicit_options().items() if name not in {"seed", "extras"}}
    return {"model": request.model, **({"negative": negative} if negative else {}), **chosen}


def parse_extras(text: str) -> dict[str, JsonValue]:
    """Read `extras`: a JSON object of at most `EXTRAS_LIMIT` characters and `EXTRAS_DEPTH` levels.

    Raises `RejectedError`.
    """
    if len(text) > EXTRAS_MAX_LENGTH:
        raise RejectedError(make_problem("extras_too_large", length=len(text), limit=EXTRAS_MAX_LENGTH))
    try:
        value = json.loads(text, parse_constant=_reject_constant, parse_float=_parse_finite_float)
        depth = _measure_depth(value)
    except (ValueError, RecursionError) as error:
        raise RejectedError(make_problem("extras_not_object", detail=str(error)[:100])) from error
    if not isinstance(value, dict):
        raise RejectedError(make_problem("extras_not_object", detail=f"it is of type {type(value).__name__}"))
    if depth > EXTRAS_MAX_DEPTH:
        raise RejectedError(make_problem("extras_too_deep", depth=depth, limit=EXTRAS_MAX_DEPTH))
    written_again = json.dumps(value, ensure_ascii=False)
    if _replace_surrogates(written_again) != written_again:
        raise RejectedError(make_problem("extras_not_object", detail="it holds half a character"))
    return value


def _replace_surrogates(text: str) -> str:
    """Replace what UTF-8 cannot hold, such as half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def pick_seed(request: Request, model: Model, rng: random.Random) -> int | None:
    """The seed to send: the chosen one, or one drawn from 1 to the model's maximum where it is 0 or absent.

    None for a model that reads none.
    """
    if "seed" not in model.fields:
        return None
    return request.seed or rng.randint(1, int(model.fields["seed"].maximum or 1))


def _reject_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _parse_finite_float(digits: str) -> float:
    return float(digits) if math.isfinite(float(digits)) else _reject_constant(digits)


def _measure_depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(_measure_depth, parts), default=0)


def _join_names(models: Iterable[Model]) -> str:
    return " / ".join(m.name for m in models)


def _validate_options(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    for field, value in request.explicit_options().items():
        if field == "fit":
            continue
        spec = model.fields.get(field)
        if spec is None:
            yield make_unsupported_problem(field, model, catalogue)
        elif spec.choices and value not in spec.choices:
            choices = ", ".join(spec.choices)
            yield make_problem("not_a_choice", field=field, value=str(value)[:100], model=model.name, choices=choices)
        elif not _is_in_range(value, spec):
            bounds = {"minimum": _format_number(spec.minimum), "maximum": _format_number(spec.maximum)}
            yield make_problem("out_of_range", field=field, value=_format_number(value), model=model.name, **bounds)


def make_unsupported_problem(field: str, model: Model, catalogue: Catalogue) -> Problem:
    """Say that a model lacks a field, and which have it: those of the same task, else any."""
    having = [other for other in catalogue if other.offered and field in other.fields]
    having = [other for other in having if other.task == model.task] or having
    if having:
        return make_problem("field_unsupported", field=field, model=model.name, models=_join_names(having))
    return make_problem("field_unsupported_anywhere", field=field, model=model.name)


def _is_in_range(value: Any, spec: FieldSpec) -> bool:
    return (spec.minimum is None or value >= spec.minimum) and (spec.maximum is None or value <= spec.maximum)


def _format_number(number: float | str | None) -> str:
    return f"{number:.12g}" if isinstance(number, float) else str(number)


def _validate_prompts(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    if not model.reads_prompts:
        if request.text_prompts:
            yield make_unsupported_problem("prompt", model, catalogue)
        return
    limit = model.fields["prompt"].limit or 0
    if model.weighs_prompts:
        texts = [("negative prompt" if p.weight < 0 else "prompt", p.text) for p in request.text_prompts]
    else:
        wanted, unwanted = request.format_unweighted_prompts()
        texts = [("prompt", wanted), ("negative prompt", unwanted)]
        if request.text_prompts and not wanted:
            yield make_problem("prompt_only_negative", model=model.name)
        others = (
            _join_names(tuple(m for m in catalogue.generation_models if m.weighs_prompts)) or "a model with weights"
        )
        for part in request.text_prompts:
            if abs(part.weight) != 1:
                facts = {"text": part.text[:60], "value": _format_number(part.weight), "models": others}
                yield make_problem("weight_unsupported", model=model.name, **facts)
    for field, text in texts:
        if len(text) > limit:
            yield make_problem("prompt_too_long", field=field, length=len(text), limit=limit, model=model.name)


def _validate_picture(request: Request, model: Model, catalogue: Catalogue) -> Iterator[Problem]:
    if request.has_picture and model.picture == "none":
        readers = tuple(m for m in catalogue.generation_models if m.picture != "none")
        yield make_problem("picture_unsupported", model=model.name, models=_join_names(readers) or "another model")
    if not request.has_picture and model.picture == "required":
        yield make_problem("picture_required", model=model.name)
    if request.fit is not None and model.bounds is not None:
        yield make_problem("fit_unsupported", field="fit", model=model.name)
    misplaced = TEXT_OPTIONS if request.has_picture else PICTURE_OPTIONS
    code = "text_only_option" if request.has_picture else "picture_only_option"
    for field in misplaced:
        if getattr(request, field) is not None and (field in model.fields or field == "fit"):
            yield make_problem(code, field=field)


def _validate_schedule(request: Request, model: Model) -> Iterator[Problem]:
    scheduled = request.init_image_mode == "STEP_SCHEDULE"
    if not request.has_picture:
        return
    if scheduled and request.keep is not None:
        yield make_problem("mode_conflict", field="keep", mode="STEP_SCHEDULE", other="IMAGE_STRENGTH")
    if not scheduled:
        for field in SCHEDULE_OPTIONS:
            if getattr(request, field) is not None:
                yield make_problem("mode_conflict", field=field, mode="IMAGE_STRENGTH", other="STEP_SCHEDULE")
    start, end = request.resolve_value("step_schedule_start", model), request.step_schedule_end
    if scheduled and start is not None and end is not None and end >= start:
        yield make_problem("schedule_order", start=_format_number(start), end=_format_number(end))

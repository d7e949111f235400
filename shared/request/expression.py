"""Expresses a request in the way that its model reads it, as far as the model can, and notes what differs."""

import math

from shared.catalogue import Model
from shared.notes import Note, make_note
from shared.request.model import BuiltRequest, Request


def express_for_model(request: Request, model: Model) -> BuiltRequest:
    """Replace weights, for a model that reads none, by plain words and things to avoid; those of weight 0 are left out.

    A request in which nothing is wanted stays as it is.
    """
    style_notes = _describe_style(request, model)
    parts = request.text_prompts
    if not model.reads_prompts or model.weighs_prompts or all(abs(part.weight) == 1 for part in parts):
        return BuiltRequest(request, style_notes)
    if not any(part.weight > 0 for part in parts):
        return BuiltRequest(request, style_notes)
    plain = tuple(
        part.model_copy(update={"weight": math.copysign(1, part.weight)}) for part in parts if part.weight != 0
    )
    expressed = request.model_copy(update={"text_prompts": plain})
    return BuiltRequest(expressed, (make_note("weights_left_out", model=model.name), *style_notes))


def format_prompts_for_model(request: Request, model: Model) -> tuple[str, str]:
    """Format the prompt, with the words for a style, and the negative prompt for a model without weights."""
    wanted, unwanted = request.format_unweighted_prompts()
    return ", ".join(filter(None, (wanted, _find_style_words(request, model)))), unwanted


def _describe_style(request: Request, model: Model) -> tuple[Note, ...]:
    words = _find_style_words(request, model)
    return (make_note("style_in_words", model=model.name, words=words),) if words else ()


def _find_style_words(request: Request, model: Model) -> str:
    spec = model.fields.get("style_preset")
    return spec.words.get(request.style_preset or "", "") if spec else ""

"""Expresses a request in the way that its model reads it, as far as the model can, and notes what differs."""

import math
from typing import Final

from shared.catalogue import Model
from shared.notes import Note, make_note
from shared.prompts import TextPrompt
from shared.request.model import BuiltRequest, Request

MAX_EMPHASIS: Final = 2


def express_for_model(request: Request, model: Model) -> BuiltRequest:
    """Replace weights, for a model that reads none, by plain words and things to avoid; those of weight 0 are left out.

    A request in which nothing is wanted stays as it is.
    """
    style_notes = _describe_style(request, model)
    parts = request.text_prompts
    can_weigh = model.weighs_prompts or model.reads_emphasis
    if not model.reads_prompts or can_weigh or all(abs(part.weight) == 1 for part in parts):
        return BuiltRequest(request, style_notes)
    if not any(part.weight > 0 for part in parts):
        return BuiltRequest(request, style_notes)
    plain = tuple(
        part.model_copy(update={"weight": math.copysign(1, part.weight)}) for part in parts if part.weight != 0
    )
    expressed = request.model_copy(update={"text_prompts": plain})
    return BuiltRequest(expressed, (make_note("weights_left_out", model=model.name), *style_notes))


def format_prompts_for_model(request: Request, model: Model) -> tuple[str, str]:
    """Format the prompt, with the words for a style, and the negative prompt for a model that reads one text of each.

    https://platform.stability.ai/docs/api-reference (the parameter `prompt`)
    """
    wanted, unwanted = request.format_unweighted_prompts()
    if model.reads_emphasis:
        wanted = ", ".join(_emphasize(part) for part in request.text_prompts if part.weight > 0)
    return ", ".join(filter(None, (wanted, _find_style_words(request, model)))), unwanted


def _emphasize(part: TextPrompt) -> str:
    return part.text if part.weight == 1 else f"({part.text}:{min(part.weight, MAX_EMPHASIS):g})"


def _describe_style(request: Request, model: Model) -> tuple[Note, ...]:
    words = _find_style_words(request, model)
    return (make_note("style_in_words", model=model.name, words=words),) if words else ()


def _find_style_words(request: Request, model: Model) -> str:
    spec = model.fields.get("style_preset")
    return spec.words.get(request.style_preset or "", "") if spec else ""

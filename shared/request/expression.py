"""Expresses a request in the way that its model reads it, as far as the model can, and notes what changed."""

import math

from shared.catalogue import Model
from shared.notes import make_note
from shared.request.model import BuiltRequest, Request


def express_for_model(request: Request, model: Model) -> BuiltRequest:
    """Replace weights, for a model that reads none, by plain words and things to avoid; those of weight 0 are left out.

    A request in which nothing is wanted stays as it is.
    """
    parts = request.text_prompts
    if not model.reads_prompts or model.weighs_prompts or all(abs(part.weight) == 1 for part in parts):
        return BuiltRequest(request)
    if not any(part.weight > 0 for part in parts):
        return BuiltRequest(request)
    plain = tuple(
        part.model_copy(update={"weight": math.copysign(1, part.weight)}) for part in parts if part.weight != 0
    )
    expressed = request.model_copy(update={"text_prompts": plain})
    return BuiltRequest(expressed, (make_note("weights_left_out", model=model.name),))

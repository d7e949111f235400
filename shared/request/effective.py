"""Which of a request's options have an effect, and with which value."""

from typing import Any

from shared.catalogue import IMAGE_STRENGTH, STEP_SCHEDULE, Model
from shared.request.model import SCHEDULE_OPTIONS, TEXT_OPTIONS, Request


def get_effective_value(request: Request, field: str, model: Model) -> Any:
    """Get the value of an option that is in force: the chosen one or the model's default.

    None if there is neither, if the model does not read the option, or if other options make it ineffective.
    """
    if field == "fit":
        return request.fit
    if field not in model.fields or not _is_applicable(request, field, model):
        return None
    if field == "init_image_mode":
        return STEP_SCHEDULE if request.is_scheduled(model) else IMAGE_STRENGTH
    return request.resolve_value(field, model)


def _is_applicable(request: Request, field: str, model: Model) -> bool:
    is_scheduled = request.has_picture and request.is_scheduled(model)
    if field in SCHEDULE_OPTIONS:
        return is_scheduled
    if field == "keep":
        return request.has_picture and not is_scheduled
    if field == "init_image_mode":
        return request.has_picture
    return field not in TEXT_OPTIONS or request.reads_text_options(model)

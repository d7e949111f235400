"""The settings that a picture was made with, as its result shows them."""

import json
from typing import Any, Final

from bot.i18n import Messages
from bot.rendering.markdown import escape_markdown
from shared.catalogue import Model
from shared.request.model import SCHEDULE_OPTIONS, Request

_VALUE_LIMIT: Final = 100
_EXTRAS_LIMIT: Final = 200
SHOWN_FIELDS: Final = (
    "keep",
    "init_image_mode",
    "step_schedule_start",
    "step_schedule_end",
    "steps",
    "cfg_scale",
    "style_preset",
    "sampler",
    "clip_guidance_preset",
    "aspect_ratio",
    "output_format",
    "creativity",
    "fit",
    "extras",
)


def format_settings(request: Request, model: Model | None, messages: Messages, *, excluded_field: str = "") -> str:
    """List the model and the settings in force that it reads; of a model that is no longer known, those chosen.

    `without` is a field to leave out.
    """
    name = request.model if model is None else model.name
    parts = [(messages.get_option_name("model"), escape_markdown(name, _VALUE_LIMIT))]
    for field in SHOWN_FIELDS:
        value = get_effective_value(request, field, model)
        if value is not None and field != excluded_field:
            parts.append((messages.get_option_name(field), format_value(field, value, messages)))
    return " · ".join(f"**{escape_markdown(label, _VALUE_LIMIT)}** {value}" for label, value in parts)


def format_number(value: float, messages: Messages) -> str:
    """Write a number in plain digits with the language's decimal sign."""
    return f"{value:.12g}".replace(".", messages.text("language.decimal"))


def get_effective_value(request: Request, field: str, model: Model | None) -> Any:
    """Give the value of an option that a picture was made with: chosen, or the model's own; None where it has none."""
    chosen = getattr(request, field)
    if model is None or field == "fit":
        return chosen
    if field not in model.fields or not _is_applicable(request, field, model):
        return None
    value = request.resolve_value(field, model)
    return "" if value is None and field == "sampler" else value


def _is_applicable(request: Request, field: str, model: Model) -> bool:
    scheduled = request.has_picture and request.resolve_value("init_image_mode", model) == "STEP_SCHEDULE"
    if field in SCHEDULE_OPTIONS:
        return scheduled
    if field == "keep":
        return request.has_picture and not scheduled
    if field == "init_image_mode":
        return request.has_picture
    return field != "aspect_ratio" or not request.has_picture


def format_value(field: str, value: Any, messages: Messages) -> str:
    """Write the value of an option as the person knows it, marks of markdown escaped."""
    if field == "keep":
        return messages.text("result.percent", value=format_number(value, messages))
    if field == "extras":
        return escape_markdown(json.dumps(value, ensure_ascii=False), _EXTRAS_LIMIT)
    if isinstance(value, int | float):
        return format_number(value, messages)
    return (
        escape_markdown(messages.get_choice_label(field, value), _VALUE_LIMIT)
        if value
        else messages.text("result.automatic")
    )

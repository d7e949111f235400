"""The settings that a picture was made with, as its result shows them."""

import json
from typing import Any, Final

from bot.phrases import Phrases
from bot.render.text import escaped
from shared.catalogue import Model
from shared.request import SCHEDULE_OPTIONS, Request

_VALUE: Final = 100
_EXTRAS: Final = 200
SHOWN: Final = (
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


def facts_of(request: Request, model: Model | None, phrases: Phrases, *, without: str = "") -> str:
    """List the model and the settings in force that it reads; of a model that is no longer known, those chosen.

    `without` is a field to leave out.
    """
    name = request.model if model is None else model.name
    parts = [(phrases.option("model"), escaped(name, _VALUE))]
    for field in SHOWN:
        value = in_force(request, field, model)
        if value is not None and field != without:
            parts.append((phrases.option(field), shown(field, value, phrases)))
    return " · ".join(f"**{escaped(label, _VALUE)}** {value}" for label, value in parts)


def number(value: float, phrases: Phrases) -> str:
    """Write a number in plain digits with the language's decimal sign."""
    return f"{value:.12g}".replace(".", phrases.say("language.decimal"))


def in_force(request: Request, field: str, model: Model | None) -> Any:
    """Give the value of an option that a picture was made with: chosen, or the model's own; None where it has none."""
    chosen = getattr(request, field)
    if model is None or field == "fit":
        return chosen
    if field not in model.fields or not _applies(request, field, model):
        return None
    value = request.value(field, model)
    return "" if value is None and field == "sampler" else value


def _applies(request: Request, field: str, model: Model) -> bool:
    scheduled = request.has_picture and request.value("init_image_mode", model) == "STEP_SCHEDULE"
    if field in SCHEDULE_OPTIONS:
        return scheduled
    if field == "keep":
        return request.has_picture and not scheduled
    if field == "init_image_mode":
        return request.has_picture
    return field != "aspect_ratio" or not request.has_picture


def shown(field: str, value: Any, phrases: Phrases) -> str:
    """Write the value of an option as the person knows it, marks of markdown escaped."""
    if field == "keep":
        return phrases.say("result.percent", value=number(value, phrases))
    if field == "extras":
        return escaped(json.dumps(value, ensure_ascii=False), _EXTRAS)
    if isinstance(value, int | float):
        return number(value, phrases)
    return escaped(phrases.choice(field, value), _VALUE) if value else phrases.say("result.automatic")

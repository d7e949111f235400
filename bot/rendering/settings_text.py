"""Formatting of settings, numbers and prices in the reader's language."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from bot.rendering.markdown import escape_markdown, truncate_text
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages
from shared.request.effective import get_effective_value
from shared.request.model import Request

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
    "grow_mask",
    "left",
    "right",
    "up",
    "down",
    "search_prompt",
    "select_prompt",
    "control_strength",
    "fidelity",
    "composition_fidelity",
    "style_strength",
    "change_strength",
    "fit",
    "extras",
)
_VALUE_LIMIT: Final = 100
_EXTRAS_LIMIT: Final = 200
_AUTOMATIC: Final = ""


def format_settings(request: Request, model: Model | None, messages: Messages, *, excluded_field: str = "") -> str:
    """List the model and the settings in force, except `excluded_field`, in one line of markdown.

    If the model has left the catalogue, only the settings that were chosen are known.
    """
    name = request.model if model is None else model.name
    parts = [(messages.get_option_name("model"), escape_markdown(name, _VALUE_LIMIT))]
    for field in SHOWN_FIELDS:
        value = get_shown_value(request, field, model)
        if value is not None and field != excluded_field:
            parts.append((messages.get_option_name(field), format_value(field, value, messages)))
    return " · ".join(f"**{escape_markdown(label, _VALUE_LIMIT)}** {value}" for label, value in parts)


def format_chosen_settings(
    request: Request,
    seed: int | None,
    model: Model | None,
    messages: Messages,
    *,
    fields: Collection[str] = SHOWN_FIELDS,
) -> str:
    """List the model, how much of a picture was kept, the other `fields` that were chosen, and the seed to copy."""
    parts = [escape_markdown(request.model if model is None else model.name, _VALUE_LIMIT)]
    for field in fields:
        value = get_shown_value(request, field, model)
        if value is not None and (field == "keep" or getattr(request, field) is not None):
            label = escape_markdown(messages.get_option_name(field), _VALUE_LIMIT)
            parts.append(f"{label} {format_value(field, value, messages)}")
    if seed is not None:  # the seed in a PNG's metadata may be any number
        parts.append(f"{messages.get_option_name('seed')} `{truncate_text(str(seed), _VALUE_LIMIT)}`")
    return " · ".join(parts)


def get_shown_value(request: Request, field: str, model: Model | None) -> Any:
    """Get the value of a setting for `format_value`; None if it had no effect on the picture."""
    if model is None:
        return getattr(request, field)
    value = get_effective_value(request, field, model)
    return _AUTOMATIC if value is None and field == "sampler" and field in model.fields else value


def format_value(field: str, value: Any, messages: Messages) -> str:
    """Format the value of a setting the way people enter it, with markdown escaped."""
    if field == "keep":
        return messages.text("result.percent", value=format_number(value, messages))
    if field == "extras":
        return escape_markdown(json.dumps(value, ensure_ascii=False), _EXTRAS_LIMIT)
    if isinstance(value, int | float):
        return format_number(value, messages)
    if not value:
        return messages.text("result.automatic")
    return escape_markdown(messages.get_choice_label(field, value), _VALUE_LIMIT)


def format_options(options: Mapping[str, Any], catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    """Format each of these options, such as those of a preset, as plain text: the model, or a name with its value."""
    for field, value in options.items():
        if field == "model":
            model = catalogue.models.get(value)
            yield model.name if model else str(value)
        else:
            yield f"{messages.get_option_name(field)} {_format_plain_value(field, value, messages)}"


def _format_plain_value(field: str, value: Any, messages: Messages) -> str:
    if field == "keep":
        return messages.text("result.percent", value=format_number(value, messages))
    if isinstance(value, int | float):
        return format_number(value, messages)
    return messages.get_choice_label(field, str(value))


def format_number(value: float, messages: Messages) -> str:
    """Format a number in plain digits with the language's decimal separator."""
    return messages.format_number(f"{value:.12g}")

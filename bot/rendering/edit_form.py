"""The form in which a result's prompt and settings are edited: a field for each that its model reads, five at most."""

from typing import Any, Final

from discord import ui

from bot.i18n import Messages
from bot.rendering.form_fields import build_choice_field, build_text_field
from bot.rendering.settings_text import format_number
from shared.catalogue import Model
from shared.prompts import split_negative_prompt
from shared.request.model import Request

EDITABLE_FIELDS: Final = ("prompt", "negative", "keep", "seed", "style_preset")


def list_editable_fields(request: Request, model: Model) -> tuple[str, ...]:
    """Name the fields of `FIELDS` that say something to this model about such a request."""
    known = {"prompt", "negative"} if model.reads_prompts else set()
    if request.has_picture and request.resolve_value("init_image_mode", model) != "STEP_SCHEDULE":
        known.add("keep")
    known |= {"seed", "style_preset"}
    return tuple(name for name in EDITABLE_FIELDS if name in known and (name in model.fields or name == "negative"))


def get_prompt_texts(request: Request) -> dict[str, str]:
    """Give what stands in the form's two texts."""
    return dict(zip(("prompt", "negative"), split_negative_prompt(request.text_prompts), strict=True))


def build_edit_fields(request: Request, seed: int | None, model: Model, messages: Messages) -> list[ui.Label[Any]]:
    """Build the fields, filled in with what is in force. Texts longer than `fields.TEXT_LIMIT` are cut."""
    keep = request.resolve_value("keep", model)
    filled = get_prompt_texts(request) | {
        "keep": "" if keep is None else format_number(keep, messages),
        "seed": "" if seed is None else str(seed),
    }
    return [
        build_choice_field(name, model.fields[name].choices, request.style_preset, messages)
        if name == "style_preset"
        else build_text_field(
            name, messages, value=filled[name], is_multiline=name in {"prompt", "negative"}, required=name == "prompt"
        )
        for name in list_editable_fields(request, model)
    ]

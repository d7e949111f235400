"""The form for editing a result's prompt and settings, with a field for each option that the model reads."""

from collections.abc import Collection
from typing import Any

from discord import ui

from bot.domain.draft import EMPTY_FORM, FilledForm
from bot.rendering.form_fields import build_choice_field, build_text_field, find_field_errors, list_editable_fields
from bot.rendering.settings_text import format_number
from shared.catalogue import Model
from shared.i18n.messages import Messages
from shared.prompts import split_negative_prompt
from shared.request.model import Request


def get_prompt_texts(request: Request) -> dict[str, str]:
    """Get the contents of the two text fields, by field name."""
    return dict(zip(("prompt", "negative"), split_negative_prompt(request.text_prompts), strict=True))


def get_field_values(request: Request, seed: int | None, model: Model, messages: Messages) -> dict[str, str]:
    """Get the contents of all fields as they are shown first: the values in force."""
    keep = request.resolve_value("keep", model)
    return get_prompt_texts(request) | {
        "keep": "" if keep is None else format_number(keep, messages),
        "seed": "" if seed is None else str(seed),
        "style_preset": request.style_preset or "",
    }


def build_edit_fields(
    request: Request,
    seed: int | None,
    model: Model,
    messages: Messages,
    form: FilledForm = EMPTY_FORM,
    *,
    locked: Collection[str] = (),
) -> list[ui.Label[Any]]:
    """Build the fields, filled with the values in force, or with those of the form if it was filled in before.

    There is none for options that are locked. Texts longer than `TEXT_INPUT_LIMIT` are truncated.
    """
    errors = find_field_errors(form.problems, messages)
    values = get_field_values(request, seed, model, messages) | dict(form.values)
    return [
        build_choice_field(name, model.fields[name].choices, values[name], messages)
        if name == "style_preset"
        else build_text_field(
            name,
            messages,
            value=values[name],
            is_multiline=name in {"prompt", "negative"},
            required=name == "prompt",
            errors=errors,
        )
        for name in list_editable_fields(request, model)
        if name not in locked
    ]

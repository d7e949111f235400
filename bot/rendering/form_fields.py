"""Fields of forms, each labelled and described like the command option that it fills.

Labels have at most 45 characters, descriptions 100: https://discord.com/developers/docs/components/reference#label
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.rendering.labels import format_field_label, format_model_label
from bot.rendering.markdown import flatten_text, truncate_text
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages
from shared.problems import Problem
from shared.request.model import Request

TEXT_INPUT_LIMIT: Final = 4000
SELECT_OPTIONS_LIMIT: Final = 25
_SHORT_TEXT_LIMIT: Final = 30
_OPTION_LABEL_LIMIT: Final = 100
_DESCRIPTION_LIMIT: Final = 100
_PROMPT_PROBLEMS: Final = ("prompt_", "weight_")
_NO_ERRORS: Final[Mapping[str, str]] = {}
_EDITABLE_FIELDS: Final = ("prompt", "negative", "keep", "seed", "style_preset")  # a form holds at most five


def list_editable_fields(request: Request, model: Model) -> tuple[str, ...]:
    """List the fields with which a request can be edited: those that this model reads and that apply to it."""
    applicable = {"seed", "style_preset"}
    if model.reads_prompts:
        applicable |= {"prompt", "negative"} if model.reads_negative_prompts else {"prompt"}
    if request.has_picture and not request.is_scheduled(model):
        applicable.add("keep")
    return tuple(
        name for name in _EDITABLE_FIELDS if name in applicable and (name in model.fields or name == "negative")
    )


def find_field_errors(problems: Sequence[Problem], messages: Messages) -> dict[str, str]:
    """Find the first problem of each field, by field name."""
    errors: dict[str, str] = {}
    for problem in problems:
        field = str(problem.facts.get("field") or ("prompt" if problem.code.startswith(_PROMPT_PROBLEMS) else ""))
        errors.setdefault("negative" if field == "negative prompt" else field, messages.format_problem(problem))
    return errors


def build_text_field(
    name: str,
    messages: Messages,
    *,
    value: str = "",
    is_multiline: bool = False,
    required: bool = False,
    errors: Mapping[str, str] = _NO_ERRORS,
) -> ui.Label[Any]:
    """Build a field for a text of one or more lines or for a number, filled with `value`.

    The field's error, found by `find_field_errors`, stands in place of its description.
    """
    style, limit = (
        (discord.TextStyle.long, TEXT_INPUT_LIMIT) if is_multiline else (discord.TextStyle.short, _SHORT_TEXT_LIMIT)
    )
    default = truncate_text(value, limit) or None
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=name, style=style, default=default, required=required, max_length=limit
    )
    return wrap_in_label(name, messages, text_input, errors)


def build_choice_field(name: str, values: Sequence[str], selected: str | None, messages: Messages) -> ui.Label[Any]:
    """Build a field in which one of an option's choices, or none, can be selected."""
    options = [
        discord.SelectOption(
            label=truncate_text(messages.get_choice_label(name, value), _OPTION_LABEL_LIMIT),
            value=value,
            default=value == selected,
        )
        for value in values[:SELECT_OPTIONS_LIMIT]
    ]
    return wrap_in_label(name, messages, ui.Select(custom_id=name, options=options, min_values=0, required=False))


def build_model_field(catalogue: Catalogue, preferred_model: str, messages: Messages) -> ui.Label[Any]:
    """Build a field with the models that read pictures. The preferred model, or its substitute, is first and selected.

    A select shows 25 options, so the first is never cut off.
    """
    models = [model for model in catalogue.generation_models if model.picture != "none"]
    return build_models_field(models, catalogue.pick_picture_model(preferred_model), catalogue, messages)


def build_models_field(
    models: Sequence[Model], selected: Model | None, catalogue: Catalogue, messages: Messages
) -> ui.Label[Any]:
    """Build a field with these models of the catalogue, the selected one first."""
    options = [
        discord.SelectOption(
            label=truncate_text(format_model_label(model, catalogue, messages), _OPTION_LABEL_LIMIT),
            value=model.key,
            default=model is selected,
        )
        for model in sorted(models, key=lambda model: model is not selected)[:SELECT_OPTIONS_LIMIT]
    ]
    return wrap_in_label("model", messages, ui.Select(custom_id="model", options=options))


def build_picture_field(filenames: Sequence[str], messages: Messages, selected: str = "0") -> ui.Label[Any]:
    """Build a field in which one of several pictures is selected by its file name. Its value is the index, from 0."""
    options = [
        discord.SelectOption(
            label=truncate_text(f"{index + 1}. {flatten_text(name)}", _OPTION_LABEL_LIMIT),
            value=str(index),
            default=str(index) == selected,
        )
        for index, name in enumerate(filenames[:SELECT_OPTIONS_LIMIT])
    ]
    return wrap_in_label("image", messages, ui.Select(custom_id="image", options=options))


def wrap_in_label(
    name: str, messages: Messages, component: ui.Item[Any], errors: Mapping[str, str] = _NO_ERRORS
) -> ui.Label[Any]:
    """Label a field as the command option that it fills, with its error in place of the description if it has one."""
    description = truncate_text(
        flatten_text(errors.get(name, messages.text(f"option.{name}.description"))), _DESCRIPTION_LIMIT
    )
    return ui.Label(text=format_field_label(name, messages), description=description, component=component)

"""The fields of forms: each bears the name and the description of the option that it fills.

Labels have at most 45 characters, descriptions 100: https://discord.com/developers/docs/components/reference#label
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import discord
from discord import ui

from bot.i18n import Messages
from bot.rendering.markdown import flatten_text, format_request_prompt, truncate_text
from shared.catalogue import Catalogue, Model
from shared.job import Job

TEXT_INPUT_LIMIT: Final = 4000
_SHORT_TEXT_LIMIT: Final = 30
SELECT_OPTIONS_LIMIT: Final = 25
_OPTION_LABEL_LIMIT: Final = 100
_PROMPT_LIMIT: Final = 70


def build_text_field(
    name: str, messages: Messages, *, value: str = "", is_multiline: bool = False, required: bool = False
) -> ui.Label[Any]:
    """Ask for words, `long` ones over several lines, or for a number, with what is there already."""
    style, limit = (
        (discord.TextStyle.long, TEXT_INPUT_LIMIT) if is_multiline else (discord.TextStyle.short, _SHORT_TEXT_LIMIT)
    )
    default = truncate_text(value, limit) or None
    box: ui.TextInput[Any] = ui.TextInput(
        custom_id=name, style=style, default=default, required=required, max_length=limit
    )
    return _wrap_in_label(name, messages, box)


def build_choice_field(name: str, values: Sequence[str], selected: str | None, messages: Messages) -> ui.Label[Any]:
    """Ask for one of an option's choices, or none; the one that is chosen already is marked."""
    options = [
        discord.SelectOption(
            label=truncate_text(messages.get_choice_label(name, value), _OPTION_LABEL_LIMIT),
            value=value,
            default=value == selected,
        )
        for value in values[:SELECT_OPTIONS_LIMIT]
    ]
    return _wrap_in_label(name, messages, ui.Select(custom_id=name, options=options, min_values=0, required=False))


def build_model_field(catalogue: Catalogue, today: date, preferred_model: str, messages: Messages) -> ui.Label[Any]:
    """Ask which of the models that read pictures is to paint; the preferred one, or one in its place, comes first."""
    chosen = catalogue.pick_picture_model(preferred_model)
    readers = [model for model in catalogue.generation_models if model.picture != "none"]
    options = [
        discord.SelectOption(
            label=truncate_text(
                messages.text(get_model_label_key(model, catalogue, today), name=model.name), _OPTION_LABEL_LIMIT
            ),
            value=model.key,
            default=model is chosen,
        )
        for model in sorted(readers, key=lambda model: model is not chosen)[:SELECT_OPTIONS_LIMIT]
    ]
    return _wrap_in_label("model", messages, ui.Select(custom_id="model", options=options))


def build_picture_field(filenames: Sequence[str], messages: Messages) -> ui.Label[Any]:
    """Ask which of several pictures is meant, by its file's name; the answer is its place, from 0."""
    options = [
        discord.SelectOption(
            label=truncate_text(f"{place + 1}. {flatten_text(name)}", _OPTION_LABEL_LIMIT),
            value=str(place),
            default=place == 0,
        )
        for place, name in enumerate(filenames[:SELECT_OPTIONS_LIMIT])
    ]
    return _wrap_in_label("image", messages, ui.Select(custom_id="image", options=options))


def build_picture_label(job: Job, seed: int | None, messages: Messages) -> str:
    """Name a picture that was made where one is chosen: by its prompt and its seed, or else by its job."""
    prompt = truncate_text(format_request_prompt(job.request), _PROMPT_LIMIT)
    quoted = messages.text("language.quoted", words=prompt) if prompt else ""
    parts = [quoted or job.id, "" if seed is None else f"{messages.get_option_name('seed')} {seed}"]
    return " · ".join(filter(None, parts))


def build_field_label(name: str, messages: Messages) -> str:
    """Name an option where it stands alone."""
    label = messages.get_option_name(name)
    return label[:1].upper() + label[1:]


def get_model_label_key(model: Model, catalogue: Catalogue, today: date) -> str:
    """Tell which sentence names a model where one is chosen: as retired, as the default, or plainly."""
    if model.is_retired(today):
        return "model.retired"
    return "model.default" if model.key == catalogue.default else "model.offered"


def _wrap_in_label(name: str, messages: Messages, component: ui.Item[Any]) -> ui.Label[Any]:
    description = messages.text(f"option.{name}.description")
    return ui.Label(text=build_field_label(name, messages), description=description, component=component)

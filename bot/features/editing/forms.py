"""The forms of edits: another region, and the options of an operation for the picture of a message."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import ui

from bot.domain.draft import EMPTY_FORM, FilledForm
from bot.domain.images import RemoteImage
from bot.features.editing.custom_ids import EditFormId, RegionFormId
from bot.features.editing.options import REGION_LIMIT, build_optional_image, is_masked
from bot.interactions.modal_files import read_modal_files
from bot.interactions.modals import build_modal
from bot.rendering.form_fields import TEXT_INPUT_LIMIT, build_text_field, find_field_errors, wrap_in_label
from bot.rendering.markdown import truncate_text
from shared.i18n.messages import Messages
from shared.models import Model
from shared.request.model import SEARCHED_PROMPTS, SIDES

REGION: Final = "region"
MASK: Final = "mask"
STYLE_PICTURE: Final = "style_picture"
STYLE_SET: Final = "style_set"
_MAX_FIELDS: Final = 5  # https://discord.com/developers/docs/components/reference
_TEXT_FIELDS: Final = (*SEARCHED_PROMPTS, "prompt")
_NUMBER_FIELDS: Final = (*SIDES, "control_strength", "fidelity", "composition_fidelity", "style_strength", "grow_mask")
_LONG_FIELDS: Final = frozenset({*_TEXT_FIELDS, "negative"})


def list_form_fields(model: Model) -> tuple[str, ...]:
    """List the fields of the form of an operation: at most five, the most important first."""
    texts = tuple(name for name in _TEXT_FIELDS if name in model.fields)
    region = (REGION, MASK) if is_masked(model) else ()
    style = (STYLE_PICTURE, STYLE_SET) if model.style_picture == "required" else ()
    numbers = tuple(name for name in _NUMBER_FIELDS if name in model.fields)
    negative = ("negative",) if model.reads_prompts and model.reads_negative_prompts else ()
    return (*texts, *region, *style, *numbers, *negative)[:_MAX_FIELDS]


def build_region_form(draft_id: str, messages: Messages) -> ui.Modal:
    """Build the form for another region: in words, or as a picture."""
    title = messages.text("editing.region_title")
    return build_modal(
        title, RegionFormId(draft_id), _build_region_field(messages), _build_upload_field(MASK, messages)
    )


def build_edit_form(draft_id: str, model: Model, messages: Messages, form: FilledForm = EMPTY_FORM) -> ui.Modal:
    """Build the form of an operation, filled in as it was when it was rejected, except for its files."""
    errors = find_field_errors(form.problems, messages)
    parts = [_build_field(name, model, messages, form.values, errors) for name in list_form_fields(model)]
    operation = str(model.operation)
    return build_modal(messages.text(f"editing.{operation}"), EditFormId(draft_id, operation), *parts)


def _build_field(
    name: str, model: Model, messages: Messages, values: Mapping[str, str], errors: Mapping[str, str]
) -> ui.Label[Any]:
    if name == REGION:
        return _build_region_field(messages, values.get(name, ""))
    if name in (MASK, STYLE_PICTURE):
        return _build_upload_field(name, messages)
    is_required = name in SEARCHED_PROMPTS or (name == "prompt" and model.requires_prompt)
    return build_text_field(
        name,
        messages,
        value=values.get(name, ""),
        is_multiline=name in _LONG_FIELDS,
        required=is_required,
        errors=errors,
    )


def _build_region_field(messages: Messages, value: str = "") -> ui.Label[Any]:
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=REGION,
        style=discord.TextStyle.short,
        default=truncate_text(value, REGION_LIMIT) or None,
        placeholder=messages.text("editing.region_example"),
        required=False,
        max_length=min(REGION_LIMIT, TEXT_INPUT_LIMIT),
    )
    return wrap_in_label(REGION, messages, text_input)


def _build_upload_field(name: str, messages: Messages) -> ui.Label[Any]:
    upload: ui.FileUpload[Any] = ui.FileUpload(custom_id=name, required=False, min_values=0, max_values=1)
    return wrap_in_label(name, messages, upload)


def read_options(texts: Mapping[str, str | None]) -> dict[str, str]:
    """Return the filled-in options of a form by name; those of the region and the style are no options of a request."""
    own = {REGION, MASK, STYLE_PICTURE, STYLE_SET}
    return {name: text for name, text in texts.items() if name not in own and text}


def read_picture(interaction: discord.Interaction, name: str) -> RemoteImage | None:
    """Read the picture of a field of the submitted form, if it has one."""
    return build_optional_image(next(iter(read_modal_files(interaction, name)), None))

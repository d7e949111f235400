"""Builds the request of a form that was filled in with the settings of an earlier one."""

from collections.abc import Collection, Mapping
from typing import Any

import discord

from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.offers import get_offered_catalogue
from bot.rendering.edit_form import get_field_values
from bot.rendering.form_fields import list_editable_fields
from bot.submission.validation import RequestValidator
from shared.catalogue import Model
from shared.request.builder import build_request
from shared.request.model import BuiltRequest, Request


def build_edited_request(
    interaction: discord.Interaction,
    validator: RequestValidator,
    request: Request,
    seed: int | None,
    model: Model,
    *,
    locked: Collection[str] = (),
) -> BuiltRequest:
    """Replace the settings that the submitted form shows, and keep the others, and those that are locked.

    `seed` is the one that the form was opened with. A changed prompt may be written for another tool; then only the
    other fields that were changed take precedence. Raises `RejectedError` and `UnsupportedSyntaxError`.
    """
    fields = read_modal_fields(interaction)
    catalogue = get_offered_catalogue(interaction, validator.catalogue)
    editable = [name for name in list_editable_fields(request, model) if name not in locked]
    edited = {name: fields.get_text(name) for name in editable}

    pictures: Mapping[str, Any] = {
        "has_picture": request.has_picture,
        "mask": request.mask,
        "has_style_picture": request.has_style_picture,
    }

    def build(options: Mapping[str, Any]) -> BuiltRequest:
        values = request.explicit_options() | edited | dict(options)
        return build_request(catalogue, model=model.key, **pictures, **values)

    shown = get_field_values(request, seed, model, get_localized_messages(interaction))
    if (edited.get("prompt") or "") == shown["prompt"]:
        return build({})
    changed = {name: value for name, value in edited.items() if (value or "") != shown[name]}
    return validator.build_foreign_request(build, changed | {"negative": edited.get("negative")})

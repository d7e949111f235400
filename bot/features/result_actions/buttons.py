"""The buttons of the feature's private messages."""

from collections.abc import Sequence
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.domain.records import GenerationSettings
from bot.features.result_actions.custom_ids import (
    ConfirmDeleteId,
    FinishWithId,
    MenuDeleteId,
    MenuFavouriteId,
    MetadataRunId,
    RegenerateSameSeedId,
    UpscaleWithId,
)
from bot.interactions.components import Button, build_button, build_button_view
from bot.interactions.custom_ids import CustomId
from bot.interactions.result_buttons import (
    DetailsId,
    EditPictureId,
    FinishId,
    ReportId,
    ShareId,
    UseAsSourceId,
    VaryId,
    VaryStrength,
)
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages

MAX_UPSCALERS: Final = 5
MAX_BETTER_MODELS: Final = 5


def build_details_rows(
    settings: GenerationSettings, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Build the row under a result's details; none where its model is not offered or it has no seed."""
    model = catalogue.models.get(settings.request.model)
    if not catalogue.is_offered(model) or settings.seed is None:
        return []
    button = build_button(RegenerateSameSeedId(settings.job_id), messages.text("button.regenerate_same_seed"))
    return [ui.ActionRow(button)]


def build_metadata_run_rows(
    settings: GenerationSettings, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Build the row under the details read from a picture's metadata; none where its model is not offered."""
    model = catalogue.models.get(settings.request.model)
    if not catalogue.is_offered(model):
        return []
    kind = "image" if settings.request.has_picture else "prompt"
    return [ui.ActionRow(build_button(MetadataRunId(), messages.text(f"button.metadata_run_{kind}")))]


def build_more_view(
    job_id: str,
    messages: Messages,
    *,
    can_continue: bool,
    can_edit: bool,
    is_favourite: bool,
    can_report: bool = False,
    gallery_action: CustomId | None = None,
) -> ui.View:
    """Build the menu of rarer actions. `can_continue`: there is a model that can start from the picture.

    `can_edit`: there is one that edits it.
    `can_report`: there are moderators, as the menu was opened in a server. `gallery_action` is what the user may do
    with it in the gallery, if anything.
    """
    further = (
        build_button(VaryId(job_id, VaryStrength.SUBTLE), messages.text("button.vary_subtle")),
        build_button(FinishId(job_id), messages.text("button.finish")),
        build_button(UseAsSourceId(job_id), messages.text("button.use_as_source")),
    )
    star = messages.text("button.unfavourite" if is_favourite else "button.favourite")
    return build_button_view(
        build_button(DetailsId(job_id), messages.text("button.details")),
        build_button(MenuFavouriteId(job_id), star),
        *(further if can_continue else ()),
        *((build_button(EditPictureId(job_id), messages.text("button.edit_picture")),) if can_edit else ()),
        *(() if gallery_action is None else (_build_gallery_button(gallery_action, messages),)),
        *((build_button(ReportId(job_id), messages.text("button.report")),) if can_report else ()),
        build_button(MenuDeleteId(job_id), messages.text("button.delete"), style=ButtonStyle.danger),
    )


def _build_gallery_button(gallery_action: CustomId, messages: Messages) -> Button:
    is_share = isinstance(gallery_action, ShareId)
    return build_button(gallery_action, messages.text("button.share" if is_share else "button.take_out"))


def build_upscale_view(job_id: str, models: Sequence[Model], messages: Messages) -> ui.View:
    """Build the buttons that choose one of several upscalers, at most five, each with its result and its price."""
    return build_button_view(*_build_upscale_buttons(job_id, models, messages))


def build_finish_view(job_id: str, better: Sequence[Model], larger: Sequence[Model], messages: Messages) -> ui.View:
    """Build the buttons that choose a better model or an upscaler, at most five of each, with their prices."""
    buttons = [
        _build_model_button(FinishWithId(job_id, model.key), model, model.name, messages, ButtonStyle.primary)
        for model in better[:MAX_BETTER_MODELS]
    ]
    return build_button_view(*buttons, *_build_upscale_buttons(job_id, larger, messages))


def _build_upscale_buttons(job_id: str, models: Sequence[Model], messages: Messages) -> list[Button]:
    return [
        _build_model_button(
            UpscaleWithId(job_id, model.key),
            model,
            messages.get_choice_label("upscaler", model.key, model.name),
            messages,
        )
        for model in models[:MAX_UPSCALERS]
    ]


def _build_model_button(
    custom_id: CustomId, model: Model, name: str, messages: Messages, style: ButtonStyle = ButtonStyle.secondary
) -> Button:
    label = messages.text("button.upscale_with", name=name, price=messages.format_price(model.price_usd))
    return build_button(custom_id, label, style=style)


def build_delete_confirmation(job_id: str, messages: Messages) -> ui.View:
    """Build the button that confirms a deletion."""
    label = messages.text("button.delete_confirm")
    return build_button_view(build_button(ConfirmDeleteId(job_id), label, style=ButtonStyle.danger))

"""The buttons under results, notices and status messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.interactions.components import Button, build_button, build_button_view
from bot.interactions.custom_ids import JOB_ID, MODEL, CustomId
from bot.rendering.form_fields import list_editable_fields
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages
from shared.request.conversion import build_upscale_requests
from shared.request.model import Request

MAX_ALTERNATIVE_MODELS: Final = 3


class VaryStrength(StrEnum):
    """How far a variation departs from the result."""

    SUBTLE = "subtle"
    STRONG = "strong"


@dataclass(frozen=True)
class RegenerateId(CustomId, template=f"regenerate:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class RegenerateWithId(CustomId, template=f"regenerate_with:{JOB_ID}:{MODEL}"):
    job_id: str
    model: str


@dataclass(frozen=True)
class RegenerateAllId(CustomId, template=f"regenerate_all:{JOB_ID}:(?P<count>[2-9])"):
    """Regenerates a request `count` times; drawn under explorations, handled with the results."""

    job_id: str
    count: int


@dataclass(frozen=True)
class VaryId(CustomId, template=f"vary:{JOB_ID}:(?P<strength>subtle|strong)"):
    job_id: str
    strength: VaryStrength


@dataclass(frozen=True)
class EditId(CustomId, template=f"edit:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class UseAsSourceId(CustomId, template=f"use_as_source:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class UpscaleId(CustomId, template=f"upscale:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class UpscaleAtOnceId(CustomId, template=f"upscale_at_once:{JOB_ID}"):
    """Upscales with the cheapest upscaler; drawn under explorations, handled with the results."""

    job_id: str


@dataclass(frozen=True)
class FinishId(CustomId, template=f"finish:{JOB_ID}"):
    """Offers better models and upscalers for a draft; drawn under explorations too, handled with the results."""

    job_id: str


@dataclass(frozen=True)
class EditPictureId(CustomId, template=f"edit_picture:{JOB_ID}"):
    """Offers the operations of `/edit` for a result; drawn in the menu of rarer actions, handled with `/edit`."""

    job_id: str


@dataclass(frozen=True)
class DetailsId(CustomId, template=f"details:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class FavouriteId(CustomId, template=f"favourite:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class DeleteId(CustomId, template=f"delete:{JOB_ID}"):
    job_id: str


@dataclass(frozen=True)
class ReportId(CustomId, template=f"report:{JOB_ID}"):
    """Tells the moderators about a result, or of a false alarm of a filter."""

    job_id: str


@dataclass(frozen=True)
class RetryEntryId(CustomId, template=f"round_retry:{JOB_ID}"):
    """Opens the form of an entry of a contest that was filtered or failed again, for its author."""

    job_id: str


@dataclass(frozen=True)
class MoreId(CustomId, template=f"more:{JOB_ID}"):
    """Opens the menu of rarer actions."""

    job_id: str


@dataclass(frozen=True)
class ShareId(CustomId, template=f"gallery_share:{JOB_ID}"):
    """Puts a result into the gallery; drawn in the menu of rarer actions, handled with the gallery."""

    job_id: str


@dataclass(frozen=True)
class TakeOutId(CustomId, template=f"gallery_take_out:{JOB_ID}"):
    """Takes a result out of the gallery; drawn and handled like `ShareId`."""

    job_id: str


@dataclass(frozen=True)
class ShowVariantId(CustomId, template=f"variant_show:{JOB_ID}"):
    """Shows the result of a variant; drawn under explorations, handled with the history."""

    job_id: str


@dataclass(frozen=True)
class CancelId(CustomId, template=f"cancel:{JOB_ID}"):
    job_id: str


def build_result_rows(
    job_id: str, request: Request, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Build the row under a picture: it fits into a narrow thread, and the rest is in the menu that it opens."""
    return _build_rows(
        [
            *_list_usual_buttons(job_id, request, catalogue, messages),
            _build_edit_button(job_id, messages) if _is_editable(request, catalogue) else None,
            build_button(MoreId(job_id), messages.text("button.more")),
        ]
    )


def build_preview_rows(
    job_id: str, request: Request, catalogue: Catalogue, messages: Messages
) -> list[ui.ActionRow[Any]]:
    """Build the row under the preview of a picture; it names the job, by which the preview is recognised."""
    usual = _list_usual_buttons(job_id, request, catalogue, messages)
    return _build_rows(usual if any(usual) else [build_button(DetailsId(job_id), messages.text("button.details"))])


def build_notice_rows(
    job_id: str,
    request: Request,
    catalogue: Catalogue,
    messages: Messages,
    *,
    alternatives: Sequence[Model] = (),
    refused: bool = False,
    deleted: bool = False,
    can_report: bool = False,
) -> list[ui.ActionRow[Any]]:
    """Build the rows under a notice that there is no picture: at most three `alternatives` to try, then the usual.

    Where the request itself was `refused`, changing it comes before trying it again. `can_report`: a filter refused it,
    where there are moderators, who can be told of a false alarm.
    """
    first = [
        build_button(
            RegenerateWithId(job_id, model.key),
            messages.text("button.regenerate_with", name=model.name),
        )
        for model in alternatives[:MAX_ALTERNATIVE_MODELS]
    ]
    again = _build_regenerate_button(job_id, messages)
    edit = _build_edit_button(job_id, messages) if _is_editable(request, catalogue) else None
    if refused and edit is not None:
        again.style, edit.style = edit.style, again.style
    second = [
        *((edit, again) if refused else (again, edit)),
        build_button(DetailsId(job_id), messages.text("button.details")),
        None if deleted else build_button(DeleteId(job_id), messages.text("button.delete")),
        build_button(ReportId(job_id), messages.text("button.report_false_alarm")) if can_report else None,
    ]
    return _build_rows(first, second)


def build_cancel_view(job_id: str, messages: Messages) -> ui.View:
    """Build the view of a status message whose job can still be cancelled."""
    return build_button_view(build_button(CancelId(job_id), messages.text("button.cancel")))


def _build_rows(*rows: Iterable[Button | None]) -> list[ui.ActionRow[Any]]:
    present = ([button for button in row if button is not None] for row in rows)
    return [ui.ActionRow(*row) for row in present if row]


def _list_usual_buttons(job_id: str, request: Request, catalogue: Catalogue, messages: Messages) -> list[Button | None]:
    """List re-roll, vary and upscale; None for what the request or the catalogue rules out."""
    can_vary = bool(request.text_prompts) and catalogue.pick_picture_model(request.model) is not None
    can_upscale = bool(build_upscale_requests(request, catalogue))
    return [
        _build_regenerate_button(job_id, messages) if _has_new_seed(request, catalogue) else None,
        build_button(VaryId(job_id, VaryStrength.STRONG), messages.text("button.vary")) if can_vary else None,
        build_button(UpscaleId(job_id), messages.text("button.upscale")) if can_upscale else None,
    ]


def _build_regenerate_button(job_id: str, messages: Messages) -> Button:
    return build_button(RegenerateId(job_id), messages.text("button.regenerate"), style=ButtonStyle.primary)


def _build_edit_button(job_id: str, messages: Messages) -> Button:
    return build_button(EditId(job_id), messages.text("button.edit"))


def _has_new_seed(request: Request, catalogue: Catalogue) -> bool:
    """Tell whether the same request again would give another picture."""
    model = catalogue.models.get(request.model)
    return model is None or "seed" in model.fields


def _is_editable(request: Request, catalogue: Catalogue) -> bool:
    model = catalogue.models.get(request.model)
    return model is not None and bool(list_editable_fields(request, model))

"""The form of an entry, and the list of a member's own entries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.domain.draft import EMPTY_FORM, FilledForm
from bot.domain.records import JobRecord
from bot.domain.rounds import Contest, EntryState, Phase, RoundEntry
from bot.features.rounds.custom_ids import ChangeEntryId, EntryFormId, WithdrawEntryId
from bot.interactions.components import build_button
from bot.interactions.modals import build_modal
from bot.rendering.form_fields import build_choice_field, build_models_field, build_text_field, find_field_errors
from bot.rendering.markdown import escape_markdown, format_request_prompt, truncate_text
from bot.rendering.settings_text import format_number
from bot.rounds.texts import format_fixed_options
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages
from shared.prompts import split_negative_prompt
from shared.request.model import Request

MODAL_PARTS_LIMIT: Final = 5
_PROMPT_LIMIT: Final = 200
_FIXED_LIMIT: Final = 1000


def list_entry_fields(contest: Contest, models: Sequence[Model]) -> tuple[str, ...]:
    """List the fields of the form, without those that the host fixed and those that no model reads."""
    read = {"prompt", "negative", *(name for model in models for name in model.fields)}
    names = ["prompt", "negative", "keep", "style_preset"]
    if not contest.has_source:
        names.remove("keep")
    if len(models) > 1:
        names.append("model")
        read.add("model")
    return tuple(name for name in names if name in read and name not in contest.settings.options)


def get_entry_values(request: Request, models: Sequence[Model], messages: Messages) -> dict[str, str]:
    """Get the contents of the form for an entry that is changed."""
    prompt, negative = split_negative_prompt(request.text_prompts)
    model = next((one for one in models if one.key == request.model), models[0])
    return {
        "prompt": prompt,
        "negative": negative,
        "keep": "" if request.keep is None else format_number(request.keep, messages),
        "style_preset": request.style_preset or "",
        "model": model.key,
    }


def build_entry_form(
    custom_id: EntryFormId,
    contest: Contest,
    models: Sequence[Model],
    catalogue: Catalogue,
    messages: Messages,
    *,
    values: Mapping[str, str],
    form: FilledForm = EMPTY_FORM,
) -> ui.Modal:
    """Build the form, filled with `values`, or with those of the form if it was filled in before."""
    contents = {"prompt": "", "negative": "", "keep": "", "style_preset": "", "model": models[0].key}
    contents |= dict(values) | dict(form.values)
    errors = find_field_errors(form.problems, messages)
    parts: list[ui.Item[Any]] = []
    for name in list_entry_fields(contest, models):
        if name == "model":
            selected = next((model for model in models if model.key == contents["model"]), models[0])
            parts.append(build_models_field(models, selected, catalogue, messages))
        elif name == "style_preset":
            styles = list(dict.fromkeys(style for model in models for style in _list_styles(model)))
            parts.append(build_choice_field(name, styles, contents[name], messages))
        else:
            is_multiline = name in {"prompt", "negative"}
            parts.append(
                build_text_field(
                    name,
                    messages,
                    value=contents[name],
                    is_multiline=is_multiline,
                    required=name == "prompt",
                    errors=errors,
                )
            )
    fixed = format_fixed_options(contest.settings, messages)
    if fixed and len(parts) < MODAL_PARTS_LIMIT:
        parts.append(ui.TextDisplay(fixed))
    return build_modal(messages.text("round.form_title"), custom_id, *parts)


def build_own_entries(
    contest: Contest, entries: Sequence[RoundEntry], records: Mapping[str, JobRecord], messages: Messages
) -> list[ui.Item[Any]]:
    """List a member's own entries of the round, with buttons to change and withdraw them while members enter."""
    items: list[ui.Item[Any]] = []
    for entry in entries:
        record = records.get(entry.job_id)
        prompt = format_request_prompt(record.job.request) if record else ""
        words = messages.text("language.quoted", words=escape_markdown(prompt, _PROMPT_LIMIT)) if prompt else ""
        state = messages.text(f"round.state_{entry.state}")
        if entry.state is EntryState.DISQUALIFIED and entry.reason:
            state = f"{state} {messages.text('language.quoted', words=escape_markdown(entry.reason, _PROMPT_LIMIT))}"
        items.append(ui.TextDisplay(truncate_text(" · ".join(filter(None, (words, state))), _FIXED_LIMIT)))
        buttons = _list_entry_buttons(contest, entry, messages)
        if buttons:
            items.append(ui.ActionRow(*buttons))
    return items


def _list_entry_buttons(contest: Contest, entry: RoundEntry, messages: Messages) -> list[ui.Button[Any]]:
    if contest.phase is not Phase.ENTERING or not entry.is_active:
        return []
    withdraw = build_button(
        WithdrawEntryId(contest.id, entry.job_id), messages.text("round.button_withdraw"), style=ButtonStyle.danger
    )
    if entry.state is EntryState.PENDING:
        return [withdraw]
    return [build_button(ChangeEntryId(contest.id, entry.job_id), messages.text("round.button_change")), withdraw]


def _list_styles(model: Model) -> Sequence[str]:
    return model.fields["style_preset"].choices if "style_preset" in model.fields else ()

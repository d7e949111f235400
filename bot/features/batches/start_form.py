"""The forms that send a batch in, or its files again."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.batches.brief_text import TITLE_LIMIT
from bot.domain.teams import MYSELF, Team
from bot.features.batches.custom_ids import BatchFormId, SendAgainFormId
from bot.interactions.modals import build_modal
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.markdown import truncate_text
from shared.i18n.messages import Messages

MAX_FILES: Final = 10
TEMPLATE_LIMIT: Final = 4000
FILES: Final = "files"
TEMPLATE: Final = "template"
TITLE: Final = "title"
TEAM: Final = "team"
_LABEL_LIMIT: Final = 100


def build_start_form(
    draft_id: str,
    messages: Messages,
    *,
    teams: Sequence[Team] = (),
    chosen_role_id: int = MYSELF,
    needs_files: bool = True,
    template: str = "",
    title: str = "",
) -> ui.Modal:
    """Build the form of a new batch. With pictures of a message it needs no files, but a table may be added."""
    parts = [
        _build_files(messages, is_required=needs_files),
        _build_template(messages, template),
        _build_title(messages, title),
    ]
    if teams:
        parts.append(_build_teams(messages, teams, chosen_role_id))
    return build_modal(messages.text("batch_form.title"), BatchFormId(draft_id), *parts)


def build_again_form(batch_id: str, template: str, messages: Messages) -> ui.Modal:
    """Build the form that sends the files of a batch again, with the template that it has."""
    parts = (_build_files(messages, is_required=True, hint="again_hint"), _build_template(messages, template))
    return build_modal(messages.text("batch_form.again"), SendAgainFormId(batch_id), *parts)


def _build_files(messages: Messages, *, is_required: bool, hint: str = "files_hint") -> ui.Label[Any]:
    upload: ui.FileUpload[Any] = ui.FileUpload(
        custom_id=FILES, required=is_required, min_values=1 if is_required else 0, max_values=MAX_FILES
    )
    return _wrap(messages, "files", upload, hint)


def _build_template(messages: Messages, value: str) -> ui.Label[Any]:
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=TEMPLATE,
        style=discord.TextStyle.long,
        default=truncate_text(value, TEMPLATE_LIMIT) or None,
        required=False,
        max_length=TEMPLATE_LIMIT,
    )
    return _wrap(messages, "template", text_input, "template_hint")


def _build_title(messages: Messages, value: str) -> ui.Label[Any]:
    text_input: ui.TextInput[Any] = ui.TextInput(
        custom_id=TITLE, default=truncate_text(value, TITLE_LIMIT) or None, required=False, max_length=TITLE_LIMIT
    )
    return _wrap(messages, "name", text_input, "name_hint")


def _build_teams(messages: Messages, teams: Sequence[Team], chosen_role_id: int) -> ui.Label[Any]:
    names = {MYSELF: messages.text("team.myself")} | {team.role_id: team.name for team in teams}
    options = [
        discord.SelectOption(
            label=truncate_text(name, _LABEL_LIMIT), value=str(role_id), default=role_id == chosen_role_id
        )
        for role_id, name in list(names.items())[:SELECT_OPTIONS_LIMIT]
    ]
    return _wrap(messages, "team", ui.Select(custom_id=TEAM, options=options), "team_hint")


def _wrap(messages: Messages, name: str, component: ui.Item[Any], hint: str) -> ui.Label[Any]:
    description = messages.text(f"batch_form.{hint}")
    return ui.Label(text=messages.text(f"batch_form.{name}"), component=component, description=description)

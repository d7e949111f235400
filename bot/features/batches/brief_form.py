"""The form of a batch's brief, and of the names of its files."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

import discord
from discord import SelectDefaultValue, SelectDefaultValueType, ui

from bot.batches.brief_text import TEXT_LIMIT, TITLE_LIMIT
from bot.batches.manifest import FILE_PATTERN_LIMIT, check_file_pattern
from bot.domain.batches import Batch, Brief
from bot.features.batches.custom_ids import BriefFormId
from bot.interactions.components import parse_selected_number
from bot.interactions.modals import ModalFields, build_modal
from bot.rendering.markdown import truncate_text
from shared.i18n.messages import Messages
from shared.problems import Problem, RejectedError, make_problem

_DATE_LENGTH: Final = 10


def build_brief_form(batch: Batch, messages: Messages) -> ui.Modal:
    """Build the form, filled with the brief as it is."""
    brief = batch.brief
    title: ui.TextInput[Any] = ui.TextInput(
        custom_id="title", default=truncate_text(brief.title, TITLE_LIMIT), max_length=TITLE_LIMIT
    )
    text: ui.TextInput[Any] = ui.TextInput(
        custom_id="text",
        style=discord.TextStyle.long,
        default=truncate_text(brief.text, TEXT_LIMIT) or None,
        required=False,
        max_length=TEXT_LIMIT,
    )
    due_on: ui.TextInput[Any] = ui.TextInput(
        custom_id="due_on", default=brief.due_on, required=False, max_length=_DATE_LENGTH
    )
    chosen = [] if brief.assignee_id is None else [brief.assignee_id]
    assignee: ui.UserSelect[Any] = ui.UserSelect(
        custom_id="assignee",
        min_values=0,
        required=False,
        default_values=[SelectDefaultValue(id=one, type=SelectDefaultValueType.user) for one in chosen],
    )
    pattern: ui.TextInput[Any] = ui.TextInput(
        custom_id="file_pattern", default=batch.file_pattern, required=False, max_length=FILE_PATTERN_LIMIT
    )
    fields: dict[str, ui.Item[Any]] = {
        "title": title,
        "text": text,
        "due_on": due_on,
        "assignee_field": assignee,
        "file_pattern": pattern,
    }
    hints = {"assignee_field": "assignee_hint"}
    labels = [
        ui.Label(
            text=messages.text(f"batch_brief.{name}"),
            component=component,
            description=messages.text(f"batch_brief.{hints.get(name, f'{name}_hint')}"),
        )
        for name, component in fields.items()
    ]
    return build_modal(messages.text("batch_brief.form"), BriefFormId(batch.id), *labels)


def read_brief_form(fields: ModalFields, batch: Batch) -> tuple[Batch, list[Problem]]:
    """Read the submitted form; a title or pattern that was left empty stays.

    A date or pattern that cannot be read stays as it was, so that no other words are lost; its problem is returned
    (batch_due_date, batch_file_pattern).
    """
    problems: list[Problem] = []
    pattern, file_pattern, due_on = fields.get_text("file_pattern"), batch.file_pattern, batch.brief.due_on
    try:
        file_pattern = check_file_pattern(pattern) if pattern else file_pattern
    except RejectedError as rejection:
        problems += rejection.problems
    try:
        due_on = _read_date((fields.get_text("due_on") or "").strip())
    except RejectedError as rejection:
        problems += rejection.problems
    brief = replace(_read_words(fields, batch.brief), due_on=due_on)
    return replace(batch, brief=brief, file_pattern=file_pattern), problems


def _read_words(fields: ModalFields, brief: Brief) -> Brief:
    title = (fields.get_text("title") or "").strip()[:TITLE_LIMIT]
    text = (fields.get_text("text") or "").strip()[:TEXT_LIMIT]
    assignee_id = parse_selected_number(fields.get_text("assignee") or "") or None
    return replace(brief, title=title or brief.title, text=text, assignee_id=assignee_id)


def _read_date(written: str) -> str | None:
    """Read a date as in ISO 8601; None for none. Raises `RejectedError` (batch_due_date)."""
    if not written:
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise RejectedError(make_problem("batch_due_date", value=written)) from None

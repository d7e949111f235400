"""Untyped custom ids of the features that have no typed ones yet; goes with the last of them."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ButtonStyle, ui

from bot.i18n import Messages
from bot.interactions.components import LABEL_LIMIT, Button, get_selected_values
from bot.interactions.routing import get_custom_id
from bot.rendering.markdown import truncate_text

_TEMPLATE: Final = r"(?:s:)?(?P<verb>[a-z_]{1,20}):(?P<job>\d{1,20}(?:-\d\d)?)(?::(?P<more>[\w.-]{1,48}))?"


@dataclass(frozen=True)
class LegacyCustomId:
    """An action, a job and an argument. `values` are those chosen in a select."""

    action: str
    job_id: str
    argument: str = ""
    values: tuple[str, ...] = ()


LegacyHandler = Callable[[discord.Interaction, LegacyCustomId], Awaitable[None]]


def format_custom_id(action: str, job_id: str = "0", argument: str = "") -> str:
    """Write what `parse_custom_id` reads."""
    return f"{action}:{job_id}:{argument}" if argument else f"{action}:{job_id}"


def parse_custom_id(text: str) -> LegacyCustomId | None:
    """Read a custom id, None when it has another form."""
    found = re.fullmatch(_TEMPLATE, text, re.ASCII)
    return LegacyCustomId(found["verb"], found["job"], found["more"] or "") if found else None


def parse_interaction(interaction: discord.Interaction) -> LegacyCustomId | None:
    """Read the custom id and the values of an interaction."""
    found = parse_custom_id(get_custom_id(interaction))
    values = get_selected_values(interaction)
    return found and LegacyCustomId(found.action, found.job_id, found.argument, values)


def build_legacy_button(
    action: str,
    job_id: str,
    messages: Messages,
    *,
    argument: str = "",
    style: ButtonStyle = ButtonStyle.secondary,
    label: str | None = None,
) -> Button:
    """Make a button, labelled `button.<action>` unless told."""
    text = label or messages.text(f"button.{action}_{argument}" if argument else f"button.{action}")
    return Button(
        style=style, label=truncate_text(text, LABEL_LIMIT), custom_id=format_custom_id(action, job_id, argument)
    )


def build_plan_rows(draft_id: str, messages: Messages) -> list[ui.ActionRow[Any]]:
    """Give the row under the question whether to start an exploration."""
    start = build_legacy_button("explore_go", draft_id, messages, style=ButtonStyle.success)
    return [ui.ActionRow(start, build_legacy_button("explore_no", draft_id, messages))]


def build_exploration_rows(
    exploration_id: str, labels: Mapping[str, str], ready: Collection[str], messages: Messages, *, is_cancellable: bool
) -> list[ui.ActionRow[Any]]:
    """Give the rows under an exploration: a button a cell, by its job, numbered, usable once it is `ready`.

    `is_cancellable`: some can still be cancelled.
    """
    cells = []
    for number, (job_id, label) in enumerate(labels.items(), 1):
        cell = build_legacy_button("cell", job_id, messages, label=f"{number}. {label}")
        cell.disabled = job_id not in ready
        cells.append(cell)
    rows: list[ui.ActionRow[Any]] = [ui.ActionRow(*cells[place : place + 5]) for place in range(0, len(cells), 5)]
    if is_cancellable:
        rows.append(ui.ActionRow(build_legacy_button("cancel_all", exploration_id, messages, style=ButtonStyle.danger)))
    return rows

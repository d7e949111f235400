"""The message of `/preferences`, with a select for each preference."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.domain.preferences import Preferences
from bot.features.preferences.choices import (
    DEFAULT_VALUE,
    LANGUAGE_FIELD,
    OPTION_FIELDS,
    OWN_CHOICES,
    SELECT_FIELDS,
    PreferenceSelectId,
    list_choices,
)
from bot.interactions.components import build_headed_row, build_select
from bot.rendering.labels import format_field_label
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import truncate_text
from bot.rendering.option_choices import format_option_choice
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages, load_messages

_LABEL_LIMIT: Final = 100


def build_preferences_view(preferences: Preferences, catalogue: Catalogue, messages: Messages) -> ui.LayoutView:
    """Show the current preferences, in components that change them. Of most, the first option is no preference."""
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {messages.text('preferences.title')}")]
    for field in SELECT_FIELDS:
        choices = list_choices(field, catalogue)
        if choices:
            is_option = field in OPTION_FIELDS
            heading = format_field_label(field, messages) if is_option else messages.text(f"preferences.{field}")
            options = list(_build_options(field, choices, preferences, catalogue, messages))
            items += build_headed_row(build_select(PreferenceSelectId(field), heading, options))
    return build_container_view(*items)


def _build_options(
    field: str,
    choices: Sequence[str],
    preferences: Preferences,
    catalogue: Catalogue,
    messages: Messages,
) -> Iterator[discord.SelectOption]:
    current = _get_current_value(field, preferences)
    if field not in OWN_CHOICES:
        default_label = messages.text("preferences.discord" if field == LANGUAGE_FIELD else "preferences.usual")
        yield discord.SelectOption(label=default_label, value=DEFAULT_VALUE, default=current not in choices)
    for choice in choices:
        label = truncate_text(_format_label(field, choice, catalogue, messages), _LABEL_LIMIT)
        yield discord.SelectOption(label=label, value=choice, default=choice == current)


def _get_current_value(field: str, preferences: Preferences) -> str:
    if field == LANGUAGE_FIELD:
        return preferences.language or DEFAULT_VALUE
    if field in OWN_CHOICES:
        value = getattr(preferences, field)
        return {False: "off", True: "on"}.get(value, str(value))
    value = preferences.options.get(field, DEFAULT_VALUE)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _format_label(field: str, choice: str, catalogue: Catalogue, messages: Messages) -> str:
    match field:
        case "language":
            return load_messages(choice).text("language.name")
        case _ if field in OWN_CHOICES:
            return messages.text(f"preferences.{field}_{choice}")
        case _:
            return format_option_choice(field, choice, catalogue, messages)

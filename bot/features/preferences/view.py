"""The message of `/preferences`, with a select or a button for each preference."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import discord
from discord import ui

from bot.domain.preferences import Preferences
from bot.features.preferences.choices import (
    DEFAULT_VALUE,
    LANGUAGE_FIELD,
    SELECT_FIELDS,
    PreferenceSelectId,
    PreferenceToggleId,
    ToggleField,
    ToggleState,
    get_toggle_state,
    list_choices,
)
from bot.interactions.components import Button, build_button, build_select
from bot.rendering.labels import format_field_label, get_model_label_key
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import truncate_text
from bot.rendering.settings_text import format_number
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages, load_messages

_LABEL_LIMIT: Final = 100


def build_preferences_view(
    preferences: Preferences, catalogue: Catalogue, today: date, messages: Messages
) -> ui.LayoutView:
    """Show the current preferences, in components that change them. The first option of a select is no preference."""
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {messages.text('preferences.title')}")]
    for field in SELECT_FIELDS:
        choices = list_choices(field, catalogue)
        if choices:
            is_language = field == LANGUAGE_FIELD
            heading = messages.text("preferences.language") if is_language else format_field_label(field, messages)
            options = list(_build_options(field, choices, preferences, catalogue, today, messages))
            # screen readers call the select by its placeholder, which is never shown: one option is always selected
            select = build_select(PreferenceSelectId(field), heading, options)
            items += [ui.TextDisplay(f"**{heading}**"), ui.ActionRow(select)]
    for toggle in ToggleField:
        items.append(ui.TextDisplay(messages.text(f"preferences.{toggle}_{get_toggle_state(preferences, toggle)}")))
    items.append(ui.ActionRow(*(_build_toggle(toggle, preferences, messages) for toggle in ToggleField)))
    return build_container_view(*items)


def _build_options(
    field: str,
    choices: Sequence[str],
    preferences: Preferences,
    catalogue: Catalogue,
    today: date,
    messages: Messages,
) -> Iterator[discord.SelectOption]:
    current = _get_current_value(field, preferences)
    default_label = messages.text("preferences.discord" if field == LANGUAGE_FIELD else "preferences.usual")
    yield discord.SelectOption(label=default_label, value=DEFAULT_VALUE, default=current not in choices)
    for choice in choices:
        label = truncate_text(_format_label(field, choice, catalogue, today, messages), _LABEL_LIMIT)
        yield discord.SelectOption(label=label, value=choice, default=choice == current)


def _get_current_value(field: str, preferences: Preferences) -> str:
    if field == LANGUAGE_FIELD:
        return preferences.language or DEFAULT_VALUE
    value = preferences.options.get(field, DEFAULT_VALUE)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _format_label(field: str, choice: str, catalogue: Catalogue, today: date, messages: Messages) -> str:
    match field:
        case "language":
            return load_messages(choice).text("language.name")
        case "model":
            model = catalogue.models[choice]
            return messages.text(get_model_label_key(model, catalogue, today), name=model.name)
        case "keep":
            return messages.text("result.percent", value=format_number(float(choice), messages))
        case _:
            return messages.get_choice_label(field, choice)


def _build_toggle(field: ToggleField, preferences: Preferences, messages: Messages) -> Button:
    is_on = get_toggle_state(preferences, field) is ToggleState.ON
    target = ToggleState.OFF if is_on else ToggleState.ON
    return build_button(PreferenceToggleId(field, target), messages.text(f"preferences.turn_{field}_{target}"))

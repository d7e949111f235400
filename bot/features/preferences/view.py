"""What a person prefers, as a message of selects and buttons: each change is told by its custom id and values alone.

At most 40 components, 25 options a select: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import discord
from discord import ui

from bot.domain.preferences import Preferences
from bot.i18n import Messages, list_languages, load_messages
from bot.interactions.components import Button, Select
from bot.interactions.legacy import format_custom_id
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.labels import format_field_label, get_model_label_key
from bot.rendering.markdown import truncate_text
from bot.rendering.settings_text import format_number
from shared.catalogue import Catalogue
from shared.request.model import Fit

ACTION: Final = "prefer"
DEFAULT_VALUE: Final = "-"
LANGUAGE_FIELD: Final = "language"
OPTION_FIELDS: Final = ("model", "keep", "style_preset", "fit", "output_format")
TOGGLE_FIELDS: Final = ("pings", "private")
_KEEP_VALUES: Final = ("10", "20", "35", "50", "65", "80", "90")
_LABEL_LIMIT: Final = 100


def build_preferences_view(
    preferences: Preferences, catalogue: Catalogue, today: date, messages: Messages
) -> ui.LayoutView:
    """Show what is chosen, and let it be changed. A select's first option is no choice at all."""
    parts: list[ui.Item[Any]] = [ui.TextDisplay(f"### {messages.text('preferences.title')}")]
    for field in (LANGUAGE_FIELD, *OPTION_FIELDS):
        values = list_choices(field, catalogue)
        if values:
            name = (
                messages.text("preferences.language")
                if field == LANGUAGE_FIELD
                else format_field_label(field, messages)
            )
            parts += [ui.TextDisplay(f"**{name}**")]
            options = _build_options(field, values, preferences, catalogue, today, messages)
            parts += [ui.ActionRow(_build_select(field, name, list(options)))]
    for field in TOGGLE_FIELDS:
        state = "on" if getattr(preferences, field) else "off"
        parts += [ui.TextDisplay(messages.text(f"preferences.{field}_{state}"))]
    parts += [ui.ActionRow(*(_build_toggle(field, preferences, messages) for field in TOGGLE_FIELDS))]
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view


def list_choices(field: str, catalogue: Catalogue) -> tuple[str, ...]:
    """List what may be chosen in the select of this field, beside no choice."""
    match field:
        case "language":
            found = list_languages()
        case "model":
            found = tuple(model.key for model in catalogue.generation_models)
        case "keep":
            found = _KEEP_VALUES if catalogue.models_with_field("keep") else ()
        case "fit":
            found = tuple(Fit)
        case _:
            found = tuple(
                value for model in catalogue.models_with_field(field) for value in model.fields[field].choices
            )
    return tuple(dict.fromkeys(found))[: SELECT_OPTIONS_LIMIT - 1]


def _build_options(
    field: str,
    values: tuple[str, ...],
    preferences: Preferences,
    catalogue: Catalogue,
    today: date,
    messages: Messages,
) -> Iterator[discord.SelectOption]:
    chosen = _get_current_value(field, preferences)
    usual = messages.text("preferences.discord" if field == LANGUAGE_FIELD else "preferences.usual")
    yield discord.SelectOption(label=usual, value=DEFAULT_VALUE, default=chosen not in values)
    for value in values:
        label = _format_label(field, value, catalogue, today, messages)
        yield discord.SelectOption(label=truncate_text(label, _LABEL_LIMIT), value=value, default=value == chosen)


def _get_current_value(field: str, preferences: Preferences) -> str:
    if field == LANGUAGE_FIELD:
        return preferences.language or DEFAULT_VALUE
    value = preferences.options.get(field, DEFAULT_VALUE)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _format_label(field: str, value: str, catalogue: Catalogue, today: date, messages: Messages) -> str:
    match field:
        case "language":
            return load_messages(value).text("language.name")
        case "model":
            model = catalogue.models[value]
            return messages.text(get_model_label_key(model, catalogue, today), name=model.name)
        case "keep":
            return messages.text("result.percent", value=format_number(float(value), messages))
        case _:
            return messages.get_choice_label(field, value)


def _build_select(field: str, name: str, options: list[discord.SelectOption]) -> Select:
    """Offer the options; one is always chosen, so the placeholder is but what screen readers call the select."""
    return Select(custom_id=f"s:{format_custom_id(ACTION, argument=field)}", placeholder=name, options=options)


def _build_toggle(field: str, preferences: Preferences, messages: Messages) -> Button:
    wanted = "off" if getattr(preferences, field) else "on"
    label = messages.text(f"preferences.turn_{field}_{wanted}")
    return Button(label=label, custom_id=format_custom_id(ACTION, argument=f"{field}-{wanted}"))

"""What a person prefers, as a message of selects and buttons: each change is told by its custom id and values alone.

At most 40 components, 25 options a select: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import discord
from discord import ui

from bot.phrases import Phrases, languages, phrases_for
from bot.ports import Preferences
from bot.render import number
from bot.render.fields import OPTIONS_LIMIT, heading, model_phrase
from bot.render.text import shortened
from bot.views.press import JobButton, JobSelect, custom_id
from shared.catalogue import Catalogue
from shared.request import Fit

VERB: Final = "prefer"
USUAL: Final = "-"
LANGUAGE: Final = "language"
OPTIONS: Final = ("model", "keep", "style_preset", "fit", "output_format")
SWITCHES: Final = ("pings", "private")
_KEEPS: Final = ("10", "20", "35", "50", "65", "80", "90")
_LABEL: Final = 100


def preferences_view(preferences: Preferences, catalogue: Catalogue, today: date, phrases: Phrases) -> ui.LayoutView:
    """Show what is chosen, and let it be changed. A select's first option is no choice at all."""
    parts: list[ui.Item[Any]] = [ui.TextDisplay(f"### {phrases.say('preferences.title')}")]
    for field in (LANGUAGE, *OPTIONS):
        values = choices(field, catalogue)
        if values:
            name = phrases.say("preferences.language") if field == LANGUAGE else heading(field, phrases)
            parts += [ui.TextDisplay(f"**{name}**")]
            options = _options(field, values, preferences, catalogue, today, phrases)
            parts += [ui.ActionRow(_select(field, name, list(options)))]
    for field in SWITCHES:
        state = "on" if getattr(preferences, field) else "off"
        parts += [ui.TextDisplay(phrases.say(f"preferences.{field}_{state}"))]
    parts += [ui.ActionRow(*(_switch(field, preferences, phrases) for field in SWITCHES))]
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view


def choices(field: str, catalogue: Catalogue) -> tuple[str, ...]:
    """List what may be chosen in the select of this field, beside no choice."""
    match field:
        case "language":
            found = languages()
        case "model":
            found = tuple(model.key for model in catalogue.offered)
        case "keep":
            found = _KEEPS if catalogue.having("keep") else ()
        case "fit":
            found = tuple(Fit)
        case _:
            found = tuple(value for model in catalogue.having(field) for value in model.fields[field].choices)
    return tuple(dict.fromkeys(found))[: OPTIONS_LIMIT - 1]


def _options(
    field: str,
    values: tuple[str, ...],
    preferences: Preferences,
    catalogue: Catalogue,
    today: date,
    phrases: Phrases,
) -> Iterator[discord.SelectOption]:
    chosen = _chosen(field, preferences)
    usual = phrases.say("preferences.discord" if field == LANGUAGE else "preferences.usual")
    yield discord.SelectOption(label=usual, value=USUAL, default=chosen not in values)
    for value in values:
        label = _label(field, value, catalogue, today, phrases)
        yield discord.SelectOption(label=shortened(label, _LABEL), value=value, default=value == chosen)


def _chosen(field: str, preferences: Preferences) -> str:
    if field == LANGUAGE:
        return preferences.language or USUAL
    value = preferences.options.get(field, USUAL)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _label(field: str, value: str, catalogue: Catalogue, today: date, phrases: Phrases) -> str:
    match field:
        case "language":
            return phrases_for(value).say("language.name")
        case "model":
            model = catalogue.models[value]
            return phrases.say(model_phrase(model, catalogue, today), name=model.name)
        case "keep":
            return phrases.say("result.percent", value=number(float(value), phrases))
        case _:
            return phrases.choice(field, value)


def _select(field: str, name: str, options: list[discord.SelectOption]) -> JobSelect:
    """Offer the options; one is always chosen, so the placeholder is but what screen readers call the select."""
    return JobSelect(ui.Select(custom_id=f"s:{custom_id(VERB, more=field)}", placeholder=name, options=options))


def _switch(field: str, preferences: Preferences, phrases: Phrases) -> JobButton:
    wanted = "off" if getattr(preferences, field) else "on"
    label = phrases.say(f"preferences.turn_{field}_{wanted}")
    return JobButton(ui.Button(label=label, custom_id=custom_id(VERB, more=f"{field}-{wanted}")))

"""A person's presets and their server's in one message, within Discord's 4000 characters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from discord import ui

from bot.phrases import Phrases
from bot.ports import Preset
from bot.render.facts import number
from bot.render.text import escaped
from shared.catalogue import Catalogue

_LINE: Final = 48
_LISTED: Final = 75


def presets_view(presets: Sequence[Preset], catalogue: Catalogue, phrases: Phrases) -> ui.LayoutView:
    """List them, a line each with its name and as much of its settings as there is room for."""
    container = ui.Container[ui.LayoutView]()
    for key, listed in (
        ("preset.own", [preset for preset in presets if not preset.guild]),
        ("preset.server", [preset for preset in presets if preset.guild]),
    ):
        lines = [_line(preset, catalogue, phrases) for preset in listed[:_LISTED]] or [phrases.say("preset.none")]
        container.add_item(ui.TextDisplay("\n".join([f"### {phrases.say(key)}", *lines])))
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def _line(preset: Preset, catalogue: Catalogue, phrases: Phrases) -> str:
    return f"- {escaped(' · '.join([preset.name, *_facts(preset.options, catalogue, phrases)]), _LINE)}"


def _facts(options: Mapping[str, Any], catalogue: Catalogue, phrases: Phrases) -> Iterator[str]:
    for field, value in options.items():
        if field == "model":
            model = catalogue.models.get(value)
            yield model.name if model else str(value)
        else:
            yield f"{phrases.option(field)} {_value(field, value, phrases)}"


def _value(field: str, value: Any, phrases: Phrases) -> str:
    if field == "keep":
        return phrases.say("result.percent", value=number(value, phrases))
    return number(value, phrases) if isinstance(value, int | float) else phrases.choice(field, str(value))

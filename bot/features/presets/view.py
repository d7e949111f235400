"""A person's presets and their server's in one message, within Discord's 4000 characters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from discord import ui

from bot.domain.presets import Preset
from bot.i18n import Messages
from bot.rendering.markdown import escape_markdown
from bot.rendering.settings_text import format_number
from shared.catalogue import Catalogue

_LINE_LIMIT: Final = 48
_MAX_LINES: Final = 75


def build_presets_view(presets: Sequence[Preset], catalogue: Catalogue, messages: Messages) -> ui.LayoutView:
    """List them, a line each with its name and as much of its settings as there is room for."""
    container = ui.Container[ui.LayoutView]()
    for key, listed in (
        ("preset.own", [preset for preset in presets if not preset.guild_id]),
        ("preset.server", [preset for preset in presets if preset.guild_id]),
    ):
        lines = [_format_preset(preset, catalogue, messages) for preset in listed[:_MAX_LINES]] or [
            messages.text("preset.none")
        ]
        container.add_item(ui.TextDisplay("\n".join([f"### {messages.text(key)}", *lines])))
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def _format_preset(preset: Preset, catalogue: Catalogue, messages: Messages) -> str:
    parts = [preset.name, *_format_options(preset.options, catalogue, messages)]
    return f"- {escape_markdown(' · '.join(parts), _LINE_LIMIT)}"


def _format_options(options: Mapping[str, Any], catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    for field, value in options.items():
        if field == "model":
            model = catalogue.models.get(value)
            yield model.name if model else str(value)
        else:
            yield f"{messages.get_option_name(field)} {_format_value(field, value, messages)}"


def _format_value(field: str, value: Any, messages: Messages) -> str:
    if field == "keep":
        return messages.text("result.percent", value=format_number(value, messages))
    return (
        format_number(value, messages)
        if isinstance(value, int | float)
        else messages.get_choice_label(field, str(value))
    )

"""The list of a person's presets and their server's in one message."""

from collections.abc import Sequence
from typing import Final

from discord import ui

from bot.domain.presets import Preset
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from bot.rendering.settings_text import format_options
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

_LINE_LIMIT: Final = 48  # a person may have 25 presets, a server 50, and a message 4000 characters
_MAX_LINES: Final = 75


def build_presets_view(presets: Sequence[Preset], catalogue: Catalogue, messages: Messages) -> ui.LayoutView:
    """List presets, each with its name and as many of its settings as fit in a line."""
    own = [preset for preset in presets if not preset.guild_id]
    guild = [preset for preset in presets if preset.guild_id]
    texts = []
    for title_key, section in (("preset.own", own), ("preset.server", guild)):
        lines = [_format_preset(preset, catalogue, messages) for preset in section[:_MAX_LINES]]
        texts.append("\n".join([f"### {messages.text(title_key)}", *(lines or [messages.text("preset.none")])]))
    return build_container_view(*map(ui.TextDisplay, texts))


def _format_preset(preset: Preset, catalogue: Catalogue, messages: Messages) -> str:
    parts = [preset.name, *format_options(preset.options, catalogue, messages)]
    return f"- {escape_markdown(' · '.join(parts), _LINE_LIMIT)}"

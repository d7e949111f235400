"""The `preset` option: settings saved under a name, by the person or for their server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import discord
from discord.app_commands import Choice

from bot.domain.owners import Owner
from bot.domain.presets import Preset
from bot.interactions.locale import get_guild_settings, get_localized_messages
from bot.interactions.owners import get_guild_owner
from bot.rendering.markdown import flatten_text, truncate_text
from bot.submission.saved_names import find_named, format_label, list_matching
from shared.problems import RejectedError, make_problem

PRESET_NAME_LIMIT: Final = 32


class PresetReader(Protocol):
    """Lists and finds presets. Implemented by `bot.storage`."""

    async def list_presets(self, owner: Owner) -> Sequence[Preset]: ...

    async def find_preset_by_code(self, code: str) -> Preset | None: ...


@dataclass(frozen=True)
class PresetDefaults:
    """The settings of the preset that a person chose, and of the default preset of their server if they chose none."""

    chosen: Mapping[str, Any] = field(default_factory=dict)
    of_server: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PresetOption:
    """Finds presets by name. A person's own preset takes precedence over their server's of the same name."""

    preset_store: PresetReader

    async def load_presets(self, interaction: discord.Interaction, name: str | None) -> PresetDefaults:
        """Load the settings saved under a name or, if none is given, those of the server's default preset.

        There are none if the server has no default preset, or if that was deleted. Raises `RejectedError`
        (preset_unknown).
        """
        if name is not None:
            return PresetDefaults(chosen=(await self.find_preset(interaction, name)).options)
        code = get_guild_settings(interaction).default_preset
        preset = None if code is None else await self.preset_store.find_preset_by_code(code)
        if preset is None or preset.guild_id != interaction.guild_id:
            return PresetDefaults()
        return PresetDefaults(of_server=preset.options)

    async def find_preset(self, interaction: discord.Interaction, name: str) -> Preset:
        """Find a preset by name, ignoring case. Raises `RejectedError` (preset_unknown)."""
        presets = await self.preset_store.list_presets(get_guild_owner(interaction))
        preset = find_named(presets, name.strip().casefold())
        if preset is None:
            raise make_unknown_preset_error(name)
        return preset

    async def autocomplete_name(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the names of the person's presets, then of the server's."""
        messages = get_localized_messages(interaction)
        try:
            presets = await self.preset_store.list_presets(get_guild_owner(interaction))
        except RejectedError:
            return []
        by_name = sorted(presets, key=lambda preset: preset.name.casefold())
        return [
            Choice(name=format_label(preset, messages), value=preset.name) for preset in list_matching(by_name, current)
        ]


def make_unknown_preset_error(name: str) -> RejectedError:
    """Make the error for a preset that does not exist."""
    return RejectedError(make_problem("preset_unknown", name=truncate_text(flatten_text(name), PRESET_NAME_LIMIT)))

"""Every command there is, in one list: for the bot that serves them, and for the check that compares them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from discord import app_commands

from bot.discord_client.command_builder import build_browsing_commands
from bot.features.preferences.command import build_preferences_command
from bot.features.presets.command import build_preset_group
from bot.features.reimagine.command import build_message_command
from bot.features.server_settings.command import build_settings_command
from bot.submission.command_options import build_generation_command
from shared.catalogue import Catalogue

Commands = Sequence[app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu]


def build_commands(catalogue: Catalogue, today: date, handlers: Mapping[str, Any]) -> Commands:
    """Build the commands. `does` gives what each does, and `sources` and `presets` offer; one missing is a KeyError."""
    return [
        *(
            build_generation_command(
                name, catalogue, handlers[name], today, source=handlers["sources"], preset=handlers["presets"]
            )
            for name in ("imagine", "explore")
        ),
        build_message_command("reimagine", handlers["reimagine"]),
        build_message_command("details", handlers["details"]),
        build_preferences_command(handlers["preferences"]),
        *build_browsing_commands(catalogue, handlers),
        build_settings_command(handlers),
        build_preset_group(handlers),
    ]

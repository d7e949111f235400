"""Every command there is, in one list: for the bot that serves them, and for the check that compares them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from discord import app_commands

from bot.discord_client.command_builder import build_browsing_commands
from bot.features.explore.command import build_explore_command
from bot.features.imagine.command import build_imagine_command
from bot.features.preferences.command import build_preferences_command
from bot.features.presets.command import build_preset_group
from bot.features.reimagine.command import build_message_command
from bot.features.server_settings.command import build_settings_command
from shared.catalogue import Catalogue

Commands = Sequence[app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu]


def build_commands(catalogue: Catalogue, today: date, handlers: Mapping[str, Any]) -> Commands:
    """Build the commands. `does` gives what each does, and `sources` and `presets` offer; one missing is a KeyError."""
    autocompletes = {"source": handlers["sources"], "preset": handlers["presets"]}
    return [
        build_imagine_command(handlers["imagine"], catalogue, today, autocompletes),
        build_explore_command(handlers["explore"], catalogue, today, autocompletes),
        build_message_command("reimagine", handlers["reimagine"]),
        build_message_command("details", handlers["details"]),
        build_preferences_command(handlers["preferences"]),
        *build_browsing_commands(catalogue, handlers),
        build_settings_command(handlers),
        build_preset_group(handlers),
    ]

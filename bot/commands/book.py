"""Every command there is, in one list: for the bot that serves them, and for the check that compares them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from discord import app_commands

from bot.commands.looking import looking
from bot.commands.options import command
from bot.commands.preferences import preferences_command
from bot.commands.preset_group import preset_group
from bot.commands.reimagine import message_command
from bot.commands.settings import settings
from shared.catalogue import Catalogue

Commands = Sequence[app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu]


def every_command(catalogue: Catalogue, today: date, does: Mapping[str, Any]) -> Commands:
    """Build the commands. `does` gives what each does, and `sources` and `presets` offer; one missing is a KeyError."""
    return [
        *(
            command(name, catalogue, does[name], today, source=does["sources"], preset=does["presets"])
            for name in ("imagine", "explore")
        ),
        message_command("reimagine", does["reimagine"]),
        message_command("details", does["details"]),
        preferences_command(does["preferences"]),
        *looking(catalogue, does),
        settings(does),
        preset_group(does),
    ]

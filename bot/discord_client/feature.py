"""The interface by which a feature registers with the bot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from discord import app_commands

from bot.interactions.routing import Route

AnyCommand = app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu


@dataclass(frozen=True)
class Feature:
    """The commands of a feature, and the handlers of its buttons, selects and modals."""

    commands: Sequence[AnyCommand] = ()
    routes: Sequence[Route[Any]] = ()

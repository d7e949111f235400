"""The interface by which a feature registers with the bot."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.interactions.routing import Route

AnyCommand = app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu


@dataclass(frozen=True)
class Feature:
    """The commands of a feature, and the handlers of its buttons, selects and modals.

    `message_handlers` get the messages of people and bots, `join_handlers` the servers that the bot joins.
    """

    commands: Sequence[AnyCommand] = ()
    routes: Sequence[Route[Any]] = ()
    message_handlers: Sequence[Callable[[discord.Message], Awaitable[None]]] = ()
    join_handlers: Sequence[Callable[[discord.Guild], Awaitable[None]]] = ()

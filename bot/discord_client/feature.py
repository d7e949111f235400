"""The interface by which a feature registers with the bot."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import app_commands, ui

from bot.domain.notices import Notice, NoticeKind
from bot.interactions.access import Access
from bot.interactions.routing import Route
from shared.i18n.messages import Messages

AnyCommand = app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu

NoticeRenderer = Callable[[Notice, Messages, discord.Guild | None], Awaitable[Sequence[ui.Item[Any]]]]
"""Renders a notice for the server that is to read it; () if there is nothing to tell any more."""


@dataclass(frozen=True)
class Feature:
    """The commands of a feature, and the handlers of its buttons, selects and modals.

    `access` says how strictly their use is checked. `message_handlers` get the messages of people and bots,
    `join_handlers` the servers that the bot joins. `notice_renderers` render the kinds of notices that it adds.
    """

    commands: Sequence[AnyCommand] = ()
    routes: Sequence[Route[Any]] = ()
    access: Access = Access.REQUEST
    message_handlers: Sequence[Callable[[discord.Message], Awaitable[None]]] = ()
    join_handlers: Sequence[Callable[[discord.Guild], Awaitable[None]]] = ()
    notice_renderers: Mapping[NoticeKind, NoticeRenderer] = field(default_factory=dict)

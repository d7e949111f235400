"""Which handler answers a component or a submitted modal, by the class of its custom id."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import discord

from bot.interactions.access import Access
from bot.interactions.custom_ids import CustomId
from bot.interactions.modals import strip_nonce

IdT = TypeVar("IdT", bound=CustomId)

_ROUTED_TYPES = frozenset({discord.InteractionType.component, discord.InteractionType.modal_submit})


@dataclass(frozen=True)
class Route(Generic[IdT]):
    """A custom id class and the handler of all components and modals that carry one of its ids.

    `access` is that of its feature by default.
    """

    id_type: type[IdT]
    handler: Callable[[discord.Interaction, IdT], Awaitable[None]]
    access: Access | None = None


class Router:
    """Finds the handler of a component or modal. A custom id class has one route."""

    def __init__(self, routes: Iterable[Route[Any]]) -> None:
        self.handlers: dict[type[CustomId], Callable[[discord.Interaction, Any], Awaitable[None]]] = {}
        for route in routes:
            if route.id_type in self.handlers:
                raise ValueError(f"{route.id_type.__name__} has two handlers")
            self.handlers[route.id_type] = route.handler

    def find_handler(self, interaction: discord.Interaction) -> Callable[[], Awaitable[None]] | None:
        """Return the handler, bound to the interaction and its parsed custom id; None for an id of no route."""
        text = strip_nonce(get_custom_id(interaction))
        for id_type, handler in self.handlers.items():
            custom_id = id_type.parse(text)
            if custom_id is not None:
                return partial(handler, interaction, custom_id)
        return None


def is_routed(interaction: discord.Interaction) -> bool:
    """Tell a component or modal from a command."""
    return interaction.type in _ROUTED_TYPES


def get_custom_id(interaction: discord.Interaction) -> str:
    """Return the custom id of the component or modal, "" where there is none."""
    data: Any = interaction.data or {}
    return str(data.get("custom_id", ""))

"""How strictly each interaction is checked, by the features to which commands and custom ids belong."""

from collections.abc import Iterable
from typing import Any

import discord

from bot.discord_client.feature import Feature
from bot.interactions.access import Access
from bot.interactions.modals import strip_nonce
from bot.interactions.routing import get_custom_id, is_routed


class InteractionAccess:
    """Finds how strictly an interaction is checked; most strictly if no feature knows it."""

    def __init__(self, features: Iterable[Feature] = ()) -> None:
        self._commands: dict[str, Access] = {}
        self._actions: dict[str, Access] = {}
        for feature in features:
            self._commands |= {command.name: feature.access for command in feature.commands}
            self._actions |= {route.id_type.get_action(): route.access or feature.access for route in feature.routes}

    def find_access(self, interaction: discord.Interaction) -> Access:
        """Find it for a command, by the name of its group, or for a component or modal."""
        if is_routed(interaction):
            action, _, _ = strip_nonce(get_custom_id(interaction)).partition(":")
            return self._actions.get(action, Access.REQUEST)
        data: Any = interaction.data or {}
        return self._commands.get(str(data.get("name", "")), Access.REQUEST)

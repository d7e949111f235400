"""Which commands a user can see where, and the event that updates their pages.

https://discord.com/developers/docs/interactions/application-commands#permissions
"""

from typing import Any

from demo.standins.discord.permissions import Permission, compute_guild_permissions
from demo.standins.discord.state import DiscordState

DM_SCOPE = "@me"
"""The key of direct messages where others have a guild id, as in Discord's own URLs."""


def is_permitted(command: dict[str, Any], bits: int) -> bool:
    """Tell whether a command's default_member_permissions admit a member with these permissions.

    The value "0" admits administrators only.
    """
    required = command["default_member_permissions"]
    if required is None or bits & Permission.ADMINISTRATOR:
        return True
    return int(required) > 0 and bits & int(required) == int(required)


def list_visible_commands(state: DiscordState, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return the commands that a user may use, by guild id, and "@me" for direct messages."""
    found = {DM_SCOPE: state.commands.list_available(None)}
    for guild in state.guilds.values():
        if guild.is_bot_present and user_id in guild.members:
            bits = compute_guild_permissions(guild, user_id)
            found[guild.id] = [c for c in state.commands.list_available(guild.id) if is_permitted(c, bits)]
    return found


def send_commands_update(state: DiscordState) -> None:
    """Send the visible commands to every page."""
    for user_id in state.events.list_page_users():
        state.events.send_to_user(
            user_id, "APPLICATION_COMMANDS_UPDATE", {"commands": list_visible_commands(state, user_id)}
        )

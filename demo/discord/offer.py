"""Which commands a person is offered where, and telling their pages when that changes.

https://discord.com/developers/docs/interactions/application-commands#permissions
"""

from typing import Any

from demo.discord.permissions import Permission, guild_permissions
from demo.discord.world import World

DIRECT = "@me"
"""What stands for direct messages where others have a guild's id, as in Discord's own addresses."""


def permitted(command: dict[str, Any], bits: int) -> bool:
    """Tell whether a member with these permissions may use a command by its default_member_permissions.

    "0" leaves it to administrators.
    """
    required = command["default_member_permissions"]
    if required is None or bits & Permission.ADMINISTRATOR:
        return True
    return int(required) > 0 and bits & int(required) == int(required)


def offered(world: World, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return the commands that a person may use, by guild id and, for direct messages, under "@me"."""
    found = {DIRECT: world.commands.available(None)}
    for guild in world.guilds.values():
        if guild.bot_present and user_id in guild.members:
            bits = guild_permissions(guild, user_id)
            found[guild.id] = [c for c in world.commands.available(guild.id) if permitted(c, bits)]
    return found


def tell_commands(world: World) -> None:
    """Tell every page which commands there are now."""
    for user_id in world.events.listening():
        world.events.to_user(user_id, "APPLICATION_COMMANDS_UPDATE", {"commands": offered(world, user_id)})

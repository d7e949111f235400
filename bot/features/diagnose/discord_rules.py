"""Discord's own rules for a command, as far as a bot can see them: permissions, and what was set under Integrations.

https://discord.com/developers/docs/interactions/application-commands#permissions
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import discord

from bot.discord_client.feature import AnyCommand
from bot.interactions.usage import AnyChannel, get_parent_id
from bot.interactions.visibility import resolve_permissions
from shared.problems import Problem, make_problem

log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 10.0
_NEEDED_PERMISSIONS: Final = ("view_channel", "use_application_commands")
"""Who uses a command needs no other permission in a channel: not to send messages, for example."""


@dataclass(frozen=True)
class Overrides:
    """The switches of an application or of one command, by the ids of users and roles, and of channels.

    The id of everyone is that of the guild, the id of all channels one less.
    """

    members: Mapping[int, bool] = field(default_factory=dict)
    channels: Mapping[int, bool] = field(default_factory=dict)

    def find_channel_switch(self, guild_id: int, channel_id: int) -> bool | None:
        """Find the switch for a channel, or for all channels; None if there is none."""
        return self.channels.get(channel_id, self.channels.get(guild_id - 1))

    def find_member_switch(self, guild_id: int, user_id: int, role_ids: Collection[int]) -> bool | None:
        """Find the switch for a member, or for one of their roles, or for everyone; None if there is none."""
        if user_id in self.members:
            return self.members[user_id]
        of_roles = {self.members[role_id] for role_id in role_ids if role_id in self.members and role_id != guild_id}
        return True in of_roles if of_roles else self.members.get(guild_id)


@dataclass(frozen=True)
class Integrations:
    """What a server's administrators set for the whole application, and for each command by its name."""

    application: Overrides = Overrides()
    commands: Mapping[str, Overrides] = field(default_factory=dict)


async def load_integrations(client: discord.Client, guild_id: int) -> Integrations | None:
    """Load the settings of a server; None if Discord does not tell them."""
    application_id = client.application_id or 0
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            registered = await client.http.get_global_commands(application_id)
            entries = await client.http.get_guild_application_command_permissions(application_id, guild_id)
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        log.warning("the Integrations page of server %s could not be read", guild_id, exc_info=True)
        return None
    by_id = {int(entry["id"]): _parse_overrides(entry["permissions"]) for entry in entries}
    commands = {command["name"]: by_id[int(command["id"])] for command in registered if int(command["id"]) in by_id}
    return Integrations(by_id.get(application_id, Overrides()), commands)


def find_discord_problem(
    command: AnyCommand, member: discord.Member, channel: AnyChannel, integrations: Integrations
) -> Problem | None:
    """Find why Discord does not let a member use a command in a channel. Administrators may use all everywhere."""
    permissions = resolve_permissions(member, channel)
    missing = [name for name in _NEEDED_PERMISSIONS if not getattr(permissions, name)]
    if missing:
        return make_problem("member_lacks_permissions", permissions=", ".join(missing))
    if permissions.administrator:
        return None
    own, whole = integrations.commands.get(command.name, Overrides()), integrations.application
    if _is_off_in_channel((own, whole), channel):
        return make_problem("command_off_in_channel")
    guild_id, role_ids = member.guild.id, [role.id for role in member.roles]
    of_command = own.find_member_switch(guild_id, member.id, role_ids)
    if of_command is False or (of_command is None and whole.find_member_switch(guild_id, member.id, role_ids) is False):
        return make_problem("command_off_for_member")
    needed = command.default_permissions
    if of_command or needed is None or needed <= permissions:
        return None
    return make_problem("command_needs_permissions", permissions=", ".join(name for name, value in needed if value))


def _is_off_in_channel(levels: Iterable[Overrides], channel: AnyChannel) -> bool:
    """Tell whether a command is off in a channel: its own switch decides, then that of the whole application."""
    channel_id = get_parent_id(channel) or channel.id
    switches = (level.find_channel_switch(channel.guild.id, channel_id) for level in levels)
    return next((switch for switch in switches if switch is not None), True) is False


def _parse_overrides(entries: Collection[Mapping[str, object]]) -> Overrides:
    members: dict[int, bool] = {}
    channels: dict[int, bool] = {}
    for entry in entries:
        is_channel = entry["type"] == discord.AppCommandPermissionType.channel.value
        (channels if is_channel else members)[int(str(entry["id"]))] = bool(entry["permission"])
    return Overrides(members, channels)

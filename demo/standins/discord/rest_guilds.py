"""The guild as the bot may read it.

https://discord.com/developers/docs/resources/guild
"""

from aiohttp import web

from demo.standins.discord.app_keys import STATE
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.guild import Guild
from demo.standins.discord.permissions import Permission
from demo.standins.discord.responses import json_response
from demo.standins.discord.state import DiscordState

routes = web.RouteTableDef()


def _load_guild(request: web.Request) -> tuple[DiscordState, Guild]:
    """Return the world and the guild of the path; one that is unknown or left is refused with 10004 or 50001."""
    world = request.app[STATE]
    guild = world.guilds.get(request.match_info["guild_id"])
    if guild is None:
        raise DiscordApiError(10004)
    if not guild.is_bot_present:
        raise DiscordApiError(50001)
    return world, guild


@routes.get(r"/guilds/{guild_id:\d+}")
async def get_guild(request: web.Request) -> web.Response:
    """Answer with the guild, its counts if they are asked for."""
    _, guild = _load_guild(request)
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return json_response(guild.to_json() | (counts if request.query.get("with_counts") in ("1", "true") else {}))


@routes.get(r"/guilds/{guild_id:\d+}/channels")
async def list_channels(request: web.Request) -> web.Response:
    """Answer with the guild's channels, threads not among them."""
    world, guild = _load_guild(request)
    return json_response([c.to_json() for c in world.channels.values() if c.guild_id == guild.id and not c.is_thread])


@routes.get(r"/guilds/{guild_id:\d+}/threads/active")
async def list_active_threads(request: web.Request) -> web.Response:
    """Answer with the active threads that the bot can see, and its memberships in them."""
    world, guild = _load_guild(request)
    seen = [
        c
        for c in world.channels.values()
        if c.guild_id == guild.id
        and c.is_thread
        and not c.archived
        and world.compute_permissions(c, world.bot.id) & Permission.VIEW_CHANNEL
    ]
    mine = [c.member_to_json(world.bot.id) for c in seen if world.bot.id in c.members]
    return json_response({"threads": [c.to_json(world.bot.id) for c in seen], "members": mine, "has_more": False})


@routes.get(r"/guilds/{guild_id:\d+}/roles")
async def list_roles(request: web.Request) -> web.Response:
    """Answer with the guild's roles."""
    _, guild = _load_guild(request)
    return json_response([role.to_json() for role in guild.roles.values()])


@routes.get(r"/guilds/{guild_id:\d+}/members/{user_id:\d+}")
async def get_member(request: web.Request) -> web.Response:
    """Answer with one member."""
    world, guild = _load_guild(request)
    user_id = request.match_info["user_id"]
    if user_id not in world.users:
        raise DiscordApiError(10013)
    if user_id not in guild.members:
        raise DiscordApiError(10007)
    return json_response(guild.members[user_id].to_json())

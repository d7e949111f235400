"""The guild as the bot may read it.

https://discord.com/developers/docs/resources/guild
"""

from aiohttp import web

from demo.discord.answers import ok
from demo.discord.errors import Refusal
from demo.discord.guild import Guild
from demo.discord.permissions import Permission
from demo.discord.request_context import WORLD
from demo.discord.world import World

routes = web.RouteTableDef()


def _place(request: web.Request) -> tuple[World, Guild]:
    """Return the world and the guild of the path; one that is unknown or left is refused with 10004 or 50001."""
    world = request.app[WORLD]
    guild = world.guilds.get(request.match_info["guild_id"])
    if guild is None:
        raise Refusal(10004)
    if not guild.bot_present:
        raise Refusal(50001)
    return world, guild


@routes.get(r"/guilds/{guild_id:\d+}")
async def get_guild(request: web.Request) -> web.Response:
    """Answer with the guild, its counts if they are asked for."""
    _, guild = _place(request)
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return ok(guild.json() | (counts if request.query.get("with_counts") in ("1", "true") else {}))


@routes.get(r"/guilds/{guild_id:\d+}/channels")
async def channels(request: web.Request) -> web.Response:
    """Answer with the guild's channels, threads not among them."""
    world, guild = _place(request)
    return ok([c.json() for c in world.channels.values() if c.guild_id == guild.id and not c.is_thread])


@routes.get(r"/guilds/{guild_id:\d+}/threads/active")
async def active_threads(request: web.Request) -> web.Response:
    """Answer with the active threads that the bot can see, and its memberships in them."""
    world, guild = _place(request)
    seen = [
        c
        for c in world.channels.values()
        if c.guild_id == guild.id
        and c.is_thread
        and not c.archived
        and world.permissions(c, world.bot.id) & Permission.VIEW_CHANNEL
    ]
    mine = [c.member_json(world.bot.id) for c in seen if world.bot.id in c.members]
    return ok({"threads": [c.json(world.bot.id) for c in seen], "members": mine, "has_more": False})


@routes.get(r"/guilds/{guild_id:\d+}/roles")
async def roles(request: web.Request) -> web.Response:
    """Answer with the guild's roles."""
    _, guild = _place(request)
    return ok([role.json() for role in guild.roles.values()])


@routes.get(r"/guilds/{guild_id:\d+}/members/{user_id:\d+}")
async def member(request: web.Request) -> web.Response:
    """Answer with one member."""
    world, guild = _place(request)
    user_id = request.match_info["user_id"]
    if user_id not in world.users:
        raise Refusal(10013)
    if user_id not in guild.members:
        raise Refusal(10007)
    return ok(guild.members[user_id].json())

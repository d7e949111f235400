"""REST: guilds, their channels, roles and members.

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


def load_guild(request: web.Request) -> tuple[DiscordState, Guild]:
    """Return the state and the guild of the path.

    Raises DiscordApiError 10004 for an unknown guild, 50001 for one without the bot.
    """
    state = request.app[STATE]
    guild = state.guilds.get(request.match_info["guild_id"])
    if guild is None:
        raise DiscordApiError(10004)
    if not guild.is_bot_present:
        raise DiscordApiError(50001)
    return state, guild


@routes.get(r"/guilds/{guild_id:\d+}")
async def get_guild(request: web.Request) -> web.Response:
    """Return the guild, with counts if the query asks for them."""
    _, guild = load_guild(request)
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return json_response(guild.to_json() | (counts if request.query.get("with_counts") in ("1", "true") else {}))


@routes.get(r"/guilds/{guild_id:\d+}/channels")
async def list_channels(request: web.Request) -> web.Response:
    """Return the guild's channels without threads."""
    state, guild = load_guild(request)
    return json_response([c.to_json() for c in state.channels.values() if c.guild_id == guild.id and not c.is_thread])


@routes.get(r"/guilds/{guild_id:\d+}/threads/active")
async def list_active_threads(request: web.Request) -> web.Response:
    """Return the active threads that the bot can see, and its memberships in them."""
    state, guild = load_guild(request)
    visible = [
        c
        for c in state.channels.values()
        if c.guild_id == guild.id
        and c.is_thread
        and not c.archived
        and state.compute_permissions(c, state.bot.id) & Permission.VIEW_CHANNEL
    ]
    memberships = [c.member_to_json(state.bot.id) for c in visible if state.bot.id in c.members]
    return json_response(
        {"threads": [c.to_json(state.bot.id) for c in visible], "members": memberships, "has_more": False}
    )


@routes.get(r"/guilds/{guild_id:\d+}/roles")
async def list_roles(request: web.Request) -> web.Response:
    """Return the guild's roles."""
    _, guild = load_guild(request)
    return json_response([role.to_json() for role in guild.roles.values()])


@routes.get(r"/guilds/{guild_id:\d+}/members/{user_id:\d+}")
async def get_member(request: web.Request) -> web.Response:
    """Return one member."""
    state, guild = load_guild(request)
    user_id = request.match_info["user_id"]
    if user_id not in state.users:
        raise DiscordApiError(10013)
    if user_id not in guild.members:
        raise DiscordApiError(10007)
    return json_response(guild.members[user_id].to_json())

"""The control API for tests: people, guilds, channels, permissions, faults, and a look at everything.

The paths and shapes are this stand-in's own, bodies are JSON. A user is given by id or by name. Where a body may have
a `guild_id`, the first guild is meant without it. Using the bot is the matter of control_use.py. What a person does
without it goes by the page's own paths: `GET` and `POST /client/channels/{id}/messages?user=` read a channel as that
person sees it, and post there, with pictures where the body is multipart.

    GET    /control/state               everything there is
    POST   /control/users               {name, locale?, nitro?, guild_id?}: a new member
    PATCH  /control/users/{user}        {locale?, nitro?, dms_closed?}
    POST   /control/roles               {name, permissions, guild_id?}
    PUT    /control/members/{user}      {roles?, guild_id?}: exactly these roles; who is no member yet joins
    POST   /control/dms                 {user}: the channel of the bot's direct messages with that user
    POST   /control/guilds              {name, members?}: one more guild with the bot in it, and its one channel
    PATCH  /control/guild               {premium_tier?, preferred_locale?, max_active_threads?, guild_id?}
    POST   /control/guild/remove        {guild_id?}: throw the bot out of the guild; /control/guild/add lets it in again
    POST   /control/channels            {name, type?, guild_id?}
    PATCH  /control/channels/{id}       what a moderator may change, and permission_overwrites; DELETE deletes it
    PUT    /control/permissions/{id}    {user?, allow?, deny?}: an overwrite in a channel, the bot's own or a user's
    DELETE /control/messages/{id}
    POST   /control/faults              a fault as faults.py has them; DELETE lifts all
    POST   /control/gateway             {op}: the gateway misbehaves as gateway.py can
"""

import json
from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import FAULTS, GATEWAY, STATE
from demo.standins.discord.channels import ChannelType
from demo.standins.discord.event_dispatcher import Intent
from demo.standins.discord.gateway import render_guild_create
from demo.standins.discord.guild import Guild
from demo.standins.discord.responses import json_response
from demo.standins.discord.rest_channels import apply_channel_changes, remove_channel
from demo.standins.discord.snapshot import dump_state
from demo.standins.discord.state import DiscordState
from demo.standins.discord.visible_commands import send_commands_update

routes = web.RouteTableDef()


async def _read_request(request: web.Request) -> tuple[DiscordState, Guild, dict[str, Any]]:
    """Return the world, the guild that the body means, and the body (an empty one is an empty object)."""
    world, asked = request.app[STATE], json.loads(await request.text() or "{}")
    guild = world.guilds.get(str(asked.get("guild_id") or world.guild.id))
    if guild is None:
        raise ValueError(f"There is no guild {asked['guild_id']}.")
    return world, guild, asked


@routes.get("/control/state")
async def get_state(request: web.Request) -> web.Response:
    """Answer with everything there is."""
    return json_response(dump_state(request.app[STATE], request.app[FAULTS], request.app[GATEWAY]))


@routes.post("/control/users")
async def add_user(request: web.Request) -> web.Response:
    """Make a user and let them join a guild."""
    world, guild, asked = await _read_request(request)
    user = world.add_user(asked["name"], locale=asked.get("locale", "en-US"), nitro=int(asked.get("nitro") or 0))
    world.add_member(guild, user)
    return json_response(user.to_json())


@routes.patch("/control/users/{user}")
async def edit_user(request: web.Request) -> web.Response:
    """Set locale, nitro (premium_type) or dms_closed of a user."""
    user, asked = request.app[STATE].find_user(request.match_info["user"]), await request.json()
    user.locale = asked.get("locale", user.locale)
    user.premium_type = int(asked.get("nitro", user.premium_type))
    user.has_dms_closed = bool(asked.get("dms_closed", user.has_dms_closed))
    return json_response(user.to_json())


@routes.post("/control/roles")
async def add_role(request: web.Request) -> web.Response:
    """Make a role with the given permission bits."""
    world, guild, asked = await _read_request(request)
    role = world.add_role(guild, asked["name"], int(asked.get("permissions") or 0))
    body = {"guild_id": guild.id, "role": role.to_json()}
    world.events.send_to_bot("GUILD_ROLE_CREATE", body, Intent.GUILDS, guild.id)
    return json_response(role.to_json())


@routes.put("/control/members/{user}")
async def set_roles(request: web.Request) -> web.Response:
    """Give a member exactly these roles; who is no member yet joins the guild."""
    world, guild, asked = await _read_request(request)
    user = world.find_user(request.match_info["user"])
    if user.id not in guild.members:
        world.add_member(guild, user)
        world.events.send_to_user(user.id, "GUILD_CREATE", {"id": guild.id})
    member = guild.members[user.id]
    if "roles" in asked:
        member.roles = [role for role in map(str, asked["roles"]) if role in guild.roles]
    if user is world.bot:
        world.events.send_to_bot("GUILD_MEMBER_UPDATE", {**member.to_json(), "guild_id": guild.id}, 0, guild.id)
    send_commands_update(world)
    return json_response(member.to_json())


@routes.post("/control/channels")
async def add_channel(request: web.Request) -> web.Response:
    """Make a channel of a guild."""
    world, guild, asked = await _read_request(request)
    channel = world.add_channel(guild, asked["name"], ChannelType(asked.get("type", 0)))
    message_operations.dispatch_channel(world, "CHANNEL_CREATE", channel)
    return json_response(channel.to_json())


@routes.patch(r"/control/channels/{channel_id:\d+}")
async def edit_channel(request: web.Request) -> web.Response:
    """Change a channel or thread as somebody with all rights would."""
    world, asked = request.app[STATE], await request.json()
    channel = world.get_channel(request.match_info["channel_id"])
    if "permission_overwrites" in asked:
        channel.overwrites = {str(o["id"]): {"allow": "0", "deny": "0", **o} for o in asked["permission_overwrites"]}
    apply_channel_changes(world, channel, asked)
    return json_response(channel.to_json())


@routes.delete(r"/control/channels/{channel_id:\d+}")
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel or thread."""
    world = request.app[STATE]
    remove_channel(world, world.get_channel(request.match_info["channel_id"]))
    return json_response({})


@routes.delete(r"/control/messages/{message_id:\d+}")
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message."""
    world = request.app[STATE]
    message_operations.delete_message(world, world.find_message(request.match_info["message_id"]))
    return json_response({})


@routes.put(r"/control/permissions/{channel_id:\d+}")
async def set_permissions(request: web.Request) -> web.Response:
    """Set the overwrite of the bot, or of a user, in a channel."""
    world, asked = request.app[STATE], await request.json()
    channel = world.get_channel(request.match_info["channel_id"])
    whose = world.find_user(asked["user"]) if "user" in asked else world.bot
    bits = {"allow": str(asked.get("allow", "0")), "deny": str(asked.get("deny", "0"))}
    channel.overwrites[whose.id] = {"id": whose.id, "type": 1, **bits}
    message_operations.dispatch_channel(world, "CHANNEL_UPDATE", channel)
    return json_response(channel.to_json())


@routes.post("/control/dms")
async def open_dm(request: web.Request) -> web.Response:
    """Answer with the channel of the bot's direct messages with a user."""
    world, _, asked = await _read_request(request)
    return json_response(message_operations.open_dm_channel(world, world.find_user(asked["user"])).to_json())


@routes.post("/control/guilds")
async def add_guild(request: web.Request) -> web.Response:
    """Make one more guild with the bot in it; the first of its members (ada and ben) owns it."""
    world, _, asked = await _read_request(request)
    guild = world.add_guild(asked["name"], [world.find_user(name) for name in asked.get("members") or ("ada", "ben")])
    channel = world.add_channel(guild, "general")
    world.events.send_to_bot("GUILD_CREATE", render_guild_create(world, guild), Intent.GUILDS, guild.id)
    for user_id in guild.members:
        world.events.send_to_user(user_id, "GUILD_CREATE", {"id": guild.id})
    return json_response(guild.to_json() | {"channels": [channel.to_json()]})


@routes.patch("/control/guild")
async def edit_guild(request: web.Request) -> web.Response:
    """Set premium_tier, preferred_locale or max_active_threads of a guild."""
    world, guild, asked = await _read_request(request)
    guild.premium_tier = int(asked.get("premium_tier", guild.premium_tier))
    guild.preferred_locale = asked.get("preferred_locale", guild.preferred_locale)
    guild.max_active_threads = int(asked.get("max_active_threads", guild.max_active_threads))
    world.events.send_to_bot("GUILD_UPDATE", guild.to_json(), Intent.GUILDS, guild.id)
    return json_response(guild.to_json())


@routes.post("/control/guild/remove")
async def remove_bot(request: web.Request) -> web.Response:
    """Throw the bot out of a guild."""
    world, guild, _ = await _read_request(request)
    guild.is_bot_present = False
    world.events.send_to_bot("GUILD_DELETE", {"id": guild.id}, Intent.GUILDS, guild.id)
    send_commands_update(world)
    return json_response({})


@routes.post("/control/guild/add")
async def add_bot(request: web.Request) -> web.Response:
    """Let the bot into a guild again."""
    world, guild, _ = await _read_request(request)
    guild.is_bot_present = True
    world.events.send_to_bot("GUILD_CREATE", render_guild_create(world, guild), Intent.GUILDS, guild.id)
    send_commands_update(world)
    return json_response({})


@routes.post("/control/faults")
async def add_fault(request: web.Request) -> web.Response:
    """Put a fault in force."""
    return json_response({"id": request.app[FAULTS].add(await request.json())})


@routes.delete("/control/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Lift all faults."""
    request.app[FAULTS].clear()
    return json_response({})


@routes.post("/control/gateway")
async def inject_gateway_fault(request: web.Request) -> web.Response:
    """Let the gateway misbehave."""
    request.app[GATEWAY].inject_fault((await request.json())["op"])
    return json_response({})

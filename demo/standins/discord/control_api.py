"""The control API for tests: users, guilds, channels, permissions, faults, and a dump of the whole state.

Paths and bodies (JSON) are this stand-in's own. A user is given by id or by name. Without an optional `guild_id`
the first guild is used. The bot's commands and components are in control_actions.py. Everything else that a user
does goes through the chat page's API: `GET` and `POST /client/channels/{id}/messages?user=` read a channel as that
user sees it and post to it, with images if the body is multipart.

    GET    /control/state               the whole state
    POST   /control/users               {name, locale?, nitro?, guild_id?}: a new member
    PATCH  /control/users/{user}        {locale?, nitro?, dms_closed?}
    POST   /control/roles               {name, permissions, guild_id?}
    PUT    /control/members/{user}      {roles?, guild_id?}: exactly these roles; a user who is not a member joins
    POST   /control/dms                 {user}: the bot's DM channel with that user
    POST   /control/guilds              {name, members?}: another guild with the bot in it and one channel
    PATCH  /control/guild               {premium_tier?, preferred_locale?, max_active_threads?, system_channel_id?,
                                        guild_id?}
    POST   /control/guild/remove        {guild_id?}: remove the bot from the guild; /control/guild/add adds it again
    POST   /control/guild/outage        {guild_id?}: the guild is unavailable for a moment
    POST   /control/channels            {name, type?, guild_id?}
    PATCH  /control/channels/{id}       fields that a moderator may change, and permission_overwrites; DELETE deletes it
    PUT    /control/permissions/{id}    {user?, allow?, deny?}: a channel overwrite for the bot or a user
    DELETE /control/messages/{id}
    PUT    /control/integrations        {command?, permissions, guild_id?}: the switches of a command, or of all; they
                                        are told to the bot, and change nothing else
    POST   /control/faults              a fault of faults.py; DELETE removes all
    POST   /control/gateway             {op}: a gateway fault, see gateway_connection.py
"""

import json
from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import FAULTS, GATEWAY, STATE
from demo.standins.discord.channels import ChannelType
from demo.standins.discord.event_dispatcher import Intent
from demo.standins.discord.gateway_connection import render_guild_create
from demo.standins.discord.guild import Guild
from demo.standins.discord.responses import json_response
from demo.standins.discord.rest_channels import apply_channel_changes, remove_channel
from demo.standins.discord.snapshot import dump_state
from demo.standins.discord.state import DiscordState
from demo.standins.discord.visible_commands import send_commands_update

routes = web.RouteTableDef()


async def _read_request(request: web.Request) -> tuple[DiscordState, Guild, dict[str, Any]]:
    """Return the state, the guild and the body of a request; an empty body counts as `{}`."""
    state, body = request.app[STATE], json.loads(await request.text() or "{}")
    guild = state.guilds.get(str(body.get("guild_id") or state.guild.id))
    if guild is None:
        raise ValueError(f"There is no guild {body['guild_id']}.")
    return state, guild, body


@routes.get("/control/state")
async def get_state(request: web.Request) -> web.Response:
    """Return the whole state."""
    return json_response(dump_state(request.app[STATE], request.app[FAULTS], request.app[GATEWAY]))


@routes.post("/control/users")
async def add_user(request: web.Request) -> web.Response:
    """Create a user as a member of a guild."""
    state, guild, body = await _read_request(request)
    user = state.add_user(body["name"], locale=body.get("locale", "en-US"), nitro=int(body.get("nitro") or 0))
    state.add_member(guild, user)
    return json_response(user.to_json())


@routes.patch("/control/users/{user}")
async def edit_user(request: web.Request) -> web.Response:
    """Set a user's locale, nitro (premium_type) or dms_closed."""
    user, body = request.app[STATE].find_user(request.match_info["user"]), await request.json()
    user.locale = body.get("locale", user.locale)
    user.premium_type = int(body.get("nitro", user.premium_type))
    user.has_dms_closed = bool(body.get("dms_closed", user.has_dms_closed))
    return json_response(user.to_json())


@routes.post("/control/roles")
async def add_role(request: web.Request) -> web.Response:
    """Create a role with the given permission bits."""
    state, guild, body = await _read_request(request)
    role = state.add_role(guild, body["name"], int(body.get("permissions") or 0))
    event = {"guild_id": guild.id, "role": role.to_json()}
    state.events.send_to_bot("GUILD_ROLE_CREATE", event, Intent.GUILDS, guild.id)
    return json_response(role.to_json())


@routes.put("/control/members/{user}")
async def set_roles(request: web.Request) -> web.Response:
    """Give a member exactly these roles; a user who is not a member yet joins the guild."""
    state, guild, body = await _read_request(request)
    user = state.find_user(request.match_info["user"])
    if user.id not in guild.members:
        state.add_member(guild, user)
        state.events.send_to_user(user.id, "GUILD_CREATE", {"id": guild.id})
    member = guild.members[user.id]
    if "roles" in body:
        member.roles = [role for role in map(str, body["roles"]) if role in guild.roles]
    if user is state.bot:
        state.events.send_to_bot("GUILD_MEMBER_UPDATE", {**member.to_json(), "guild_id": guild.id}, 0, guild.id)
    send_commands_update(state)
    return json_response(member.to_json())


@routes.post("/control/channels")
async def add_channel(request: web.Request) -> web.Response:
    """Create a channel in a guild."""
    state, guild, body = await _read_request(request)
    channel = state.add_channel(guild, body["name"], ChannelType(body.get("type", 0)))
    message_operations.dispatch_channel(state, "CHANNEL_CREATE", channel)
    return json_response(channel.to_json())


@routes.patch(r"/control/channels/{channel_id:\d+}")
async def edit_channel(request: web.Request) -> web.Response:
    """Edit a channel or thread with all permissions."""
    state, body = request.app[STATE], await request.json()
    channel = state.get_channel(request.match_info["channel_id"])
    if "permission_overwrites" in body:
        channel.overwrites = {str(o["id"]): {"allow": "0", "deny": "0", **o} for o in body["permission_overwrites"]}
    apply_channel_changes(state, channel, body)
    return json_response(channel.to_json())


@routes.delete(r"/control/channels/{channel_id:\d+}")
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel or thread."""
    state = request.app[STATE]
    remove_channel(state, state.get_channel(request.match_info["channel_id"]))
    return json_response({})


@routes.delete(r"/control/messages/{message_id:\d+}")
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message."""
    state = request.app[STATE]
    message_operations.delete_message(state, state.find_message(request.match_info["message_id"]))
    return json_response({})


@routes.put(r"/control/permissions/{channel_id:\d+}")
async def set_permissions(request: web.Request) -> web.Response:
    """Set a channel's permission overwrite for the bot or a user."""
    state, body = request.app[STATE], await request.json()
    channel = state.get_channel(request.match_info["channel_id"])
    user = state.find_user(body["user"]) if "user" in body else state.bot
    bits = {"allow": str(body.get("allow", "0")), "deny": str(body.get("deny", "0"))}
    channel.overwrites[user.id] = {"id": user.id, "type": 1, **bits}
    message_operations.dispatch_channel(state, "CHANNEL_UPDATE", channel)
    return json_response(channel.to_json())


@routes.put("/control/integrations")
async def set_command_permissions(request: web.Request) -> web.Response:
    """Set the switches of a command or of the application on a guild's Integrations page."""
    state, guild, body = await _read_request(request)
    return json_response(state.commands.set_permissions(guild.id, body.get("command"), body["permissions"]))


@routes.post("/control/dms")
async def open_dm(request: web.Request) -> web.Response:
    """Return the bot's DM channel with a user."""
    state, _, body = await _read_request(request)
    return json_response(message_operations.open_dm_channel(state, state.find_user(body["user"])).to_json())


@routes.post("/control/guilds")
async def add_guild(request: web.Request) -> web.Response:
    """Create another guild, which the bot joins; its first member owns it (default: ada and ben)."""
    state, _, body = await _read_request(request)
    guild = state.add_guild(body["name"], [state.find_user(name) for name in body.get("members") or ("ada", "ben")])
    channel = state.add_channel(guild, "general")
    state.events.send_to_bot("GUILD_CREATE", render_guild_create(state, guild, is_join=True), Intent.GUILDS, guild.id)
    for user_id in guild.members:
        state.events.send_to_user(user_id, "GUILD_CREATE", {"id": guild.id})
    return json_response(guild.to_json() | {"channels": [channel.to_json()]})


@routes.patch("/control/guild")
async def edit_guild(request: web.Request) -> web.Response:
    """Set a guild's premium_tier, preferred_locale, max_active_threads or system_channel_id."""
    state, guild, body = await _read_request(request)
    guild.premium_tier = int(body.get("premium_tier", guild.premium_tier))
    guild.preferred_locale = body.get("preferred_locale", guild.preferred_locale)
    guild.max_active_threads = int(body.get("max_active_threads", guild.max_active_threads))
    guild.system_channel_id = body.get("system_channel_id", guild.system_channel_id)
    state.events.send_to_bot("GUILD_UPDATE", guild.to_json(), Intent.GUILDS, guild.id)
    return json_response(guild.to_json())


@routes.post("/control/guild/remove")
async def remove_bot(request: web.Request) -> web.Response:
    """Remove the bot from a guild."""
    state, guild, _ = await _read_request(request)
    guild.is_bot_present = False
    state.events.send_to_bot("GUILD_DELETE", {"id": guild.id}, Intent.GUILDS, guild.id)
    send_commands_update(state)
    return json_response({})


@routes.post("/control/guild/add")
async def add_bot(request: web.Request) -> web.Response:
    """Add the bot to a guild again."""
    state, guild, _ = await _read_request(request)
    guild.is_bot_present = True
    guild.members[state.bot.id].joined_at = state.now()
    state.events.send_to_bot("GUILD_CREATE", render_guild_create(state, guild, is_join=True), Intent.GUILDS, guild.id)
    send_commands_update(state)
    return json_response({})


@routes.post("/control/guild/outage")
async def interrupt_guild(request: web.Request) -> web.Response:
    """Make a guild unavailable to the bot, and available again."""
    state, guild, _ = await _read_request(request)
    gone = {"id": guild.id, "unavailable": True}
    for name, event in (("GUILD_DELETE", gone), ("GUILD_CREATE", render_guild_create(state, guild))):
        state.events.send_to_bot(name, event, Intent.GUILDS, guild.id)
    return json_response({})


@routes.post("/control/faults")
async def add_fault(request: web.Request) -> web.Response:
    """Schedule a fault."""
    return json_response({"id": request.app[FAULTS].add(await request.json())})


@routes.delete("/control/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Remove all faults."""
    request.app[FAULTS].clear()
    return json_response({})


@routes.post("/control/gateway")
async def inject_gateway_fault(request: web.Request) -> web.Response:
    """Inject a fault into all gateway connections."""
    request.app[GATEWAY].inject_fault((await request.json())["op"])
    return json_response({})

"""The control API for tests: people, channels, permissions, use of the bot, faults, and a look at everything.

The paths and shapes are this stand-in's own.
"""

import base64
from typing import Any

from aiohttp import web

from demo.discord import posting
from demo.discord.answers import ok
from demo.discord.attachments import safe_filename
from demo.discord.channels import ChannelType
from demo.discord.client_rules import Forbidden
from demo.discord.events import Intent
from demo.discord.gateway import guild_create
from demo.discord.interaction import InteractionType
from demo.discord.request_context import FAULTS, GATEWAY, WORLD
from demo.discord.rest_channels import change_channel, remove_channel
from demo.discord.state import interaction_state, state
from demo.discord.use import submit_modal, use_command, use_component

routes = web.RouteTableDef()


@routes.get("/control/state")
async def get_state(request: web.Request) -> web.Response:
    """Answer with everything there is."""
    return ok(state(request.app[WORLD], request.app[FAULTS], request.app[GATEWAY]))


@routes.post("/control/users")
async def add_user(request: web.Request) -> web.Response:
    """Make a user and let them join the guild."""
    world, asked = request.app[WORLD], await request.json()
    user = world.add_user(asked["name"], locale=asked.get("locale", "en-US"), nitro=int(asked.get("nitro") or 0))
    world.join(user, world.person_role.id)
    return ok(user.json())


@routes.patch("/control/users/{user}")
async def change_user(request: web.Request) -> web.Response:
    """Set locale, nitro (premium_type) or dms_closed of a user."""
    user, asked = request.app[WORLD].user(request.match_info["user"]), await request.json()
    user.locale = asked.get("locale", user.locale)
    user.nitro = int(asked.get("nitro", user.nitro))
    user.dms_closed = bool(asked.get("dms_closed", user.dms_closed))
    return ok(user.json())


@routes.post("/control/roles")
async def add_role(request: web.Request) -> web.Response:
    """Make a role with the given permission bits."""
    world, asked = request.app[WORLD], await request.json()
    role = world.add_role(asked["name"], int(asked.get("permissions") or 0))
    body = {"guild_id": world.guild.id, "role": role.json()}
    world.events.to_bot("GUILD_ROLE_CREATE", body, Intent.GUILDS, world.guild.id)
    return ok(role.json())


@routes.put("/control/members/{user}")
async def set_roles(request: web.Request) -> web.Response:
    """Give a member exactly these roles."""
    world, asked = request.app[WORLD], await request.json()
    user = world.user(request.match_info["user"])
    member = world.guild.members[user.id]
    member.roles = [role for role in map(str, asked["roles"]) if role in world.guild.roles]
    if user is world.bot:
        body = {**member.json(), "guild_id": world.guild.id}
        world.events.to_bot("GUILD_MEMBER_UPDATE", body, 0, world.guild.id)
    return ok(member.json())


@routes.post("/control/channels")
async def add_channel(request: web.Request) -> web.Response:
    """Make a channel of the guild."""
    world, asked = request.app[WORLD], await request.json()
    channel = world.add_channel(asked["name"], ChannelType(asked.get("type", 0)))
    posting.tell_channel(world, "CHANNEL_CREATE", channel)
    return ok(channel.json())


@routes.patch(r"/control/channels/{channel_id:\d+}")
async def edit_channel(request: web.Request) -> web.Response:
    """Change a channel or thread as somebody with all rights would."""
    world, asked = request.app[WORLD], await request.json()
    channel = world.channel(request.match_info["channel_id"])
    if "permission_overwrites" in asked:
        channel.overwrites = {str(o["id"]): {"allow": "0", "deny": "0", **o} for o in asked["permission_overwrites"]}
    change_channel(world, channel, asked)
    return ok(channel.json())


@routes.delete(r"/control/channels/{channel_id:\d+}")
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel or thread."""
    world = request.app[WORLD]
    remove_channel(world, world.channel(request.match_info["channel_id"]))
    return ok({})


@routes.delete(r"/control/messages/{message_id:\d+}")
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message."""
    world = request.app[WORLD]
    posting.delete(world, world.find_message(request.match_info["message_id"]))
    return ok({})


@routes.put(r"/control/permissions/{channel_id:\d+}")
async def set_permissions(request: web.Request) -> web.Response:
    """Set the bot's own overwrite in a channel."""
    world, asked = request.app[WORLD], await request.json()
    channel = world.channel(request.match_info["channel_id"])
    bits = {"allow": str(asked.get("allow", "0")), "deny": str(asked.get("deny", "0"))}
    channel.overwrites[world.bot.id] = {"id": world.bot.id, "type": 1, **bits}
    posting.tell_channel(world, "CHANNEL_UPDATE", channel)
    return ok(channel.json())


@routes.patch("/control/guild")
async def edit_guild(request: web.Request) -> web.Response:
    """Set premium_tier, preferred_locale or max_active_threads of the guild."""
    world, asked = request.app[WORLD], await request.json()
    world.guild.premium_tier = int(asked.get("premium_tier", world.guild.premium_tier))
    world.guild.preferred_locale = asked.get("preferred_locale", world.guild.preferred_locale)
    world.guild.max_active_threads = int(asked.get("max_active_threads", world.guild.max_active_threads))
    world.events.to_bot("GUILD_UPDATE", world.guild.json(), Intent.GUILDS, world.guild.id)
    return ok(world.guild.json())


@routes.post("/control/guild/remove")
async def remove_guild(request: web.Request) -> web.Response:
    """Throw the bot out of the guild."""
    world = request.app[WORLD]
    world.guild.bot_present = False
    world.events.to_bot("GUILD_DELETE", {"id": world.guild.id}, Intent.GUILDS, world.guild.id)
    return ok({})


@routes.post("/control/guild/add")
async def add_guild(request: web.Request) -> web.Response:
    """Let the bot into the guild again."""
    world = request.app[WORLD]
    world.guild.bot_present = True
    world.events.to_bot("GUILD_CREATE", guild_create(world), Intent.GUILDS, world.guild.id)
    return ok({})


@routes.post("/control/invoke")
async def invoke(request: web.Request) -> web.Response:
    """Use a slash command by its name ("imagine", or "team add") with options and files by name."""
    world, asked = request.app[WORLD], await request.json()
    user = world.user(asked["user"])
    user.locale = asked.get("locale", user.locale)
    channel = world.channel(str(asked["channel_id"]))
    word, *deeper = asked["name"].split()
    command = next((c for c in world.commands.available(channel.guild_id) if c["name"] == word), None)
    if command is None:
        raise Forbidden(f"There is no command {word!r}.")
    values = dict(asked.get("options") or {})
    for name, file in (asked.get("files") or {}).items():
        data = base64.b64decode(file["base64"])
        stored = world.store_file(
            channel.id, safe_filename(file["filename"]), data, ephemeral=True, uploader_id=user.id
        )
        values[name] = stored.id
    options: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in values.items()]
    for name in reversed(deeper):
        options = [{"name": name, "options": options}]
    data_sent = {"id": command["id"], "options": options, "target_id": asked.get("target_id")}
    interaction = use_command(world, user, channel.id, data_sent, InteractionType.APPLICATION_COMMAND)
    return ok({"interaction_id": interaction.id})


@routes.post("/control/press")
async def press(request: web.Request) -> web.Response:
    """Press a button or choose in a select."""
    world, asked = request.app[WORLD], await request.json()
    message = world.find_message(str(asked["message_id"]))
    interaction = use_component(world, world.user(asked["user"]), message, asked["custom_id"], asked.get("values"))
    return ok({"interaction_id": interaction.id})


@routes.post("/control/submit")
async def submit(request: web.Request) -> web.Response:
    """Submit a modal with values by custom_id."""
    world, asked = request.app[WORLD], await request.json()
    user = world.user(asked["user"])
    interaction = submit_modal(world, user, str(asked["interaction_id_of_modal"]), asked.get("values") or {})
    return ok({"interaction_id": interaction.id})


@routes.get(r"/control/interactions/{interaction_id:\d+}")
async def get_interaction(request: web.Request) -> web.Response:
    """Answer with how far an interaction is answered."""
    world = request.app[WORLD]
    interaction = world.interactions.get(request.match_info["interaction_id"])
    if interaction is None:
        return ok({"message": "There is no such interaction.", "code": 0}, 404)
    return ok(interaction_state(world, interaction))


@routes.post("/control/faults")
async def add_fault(request: web.Request) -> web.Response:
    """Put a fault in force."""
    return ok({"id": request.app[FAULTS].add(await request.json())})


@routes.delete("/control/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Lift all faults."""
    request.app[FAULTS].clear()
    return ok({})


@routes.post("/control/gateway")
async def misbehave(request: web.Request) -> web.Response:
    """Let the gateway misbehave."""
    request.app[GATEWAY].misbehave((await request.json())["op"])
    return ok({})

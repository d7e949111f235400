"""The control API for tests: the bot's commands, components and modals, used as a person would in Discord's client.

Every body has {user}; every answer is {interaction_id}, autocompletion's with the choices.

    POST /control/invoke        {channel_id, name, options?, files?, target_id?, locale?}: a command by its name: a
                                slash command ("imagine"), one of its subcommands ("presets save"), or with a target_id
                                (a message's or a user's) one of the "Apps" ("Use this picture"); options by name,
                                files as {option: {filename, base64}}
    POST /control/autocomplete  {channel_id, name, focused, options?}: the choices that the bot offers for the option
                                named in focused, with what is typed so far among the options; waits for the bot
    POST /control/press         {message_id, custom_id, values?, forged?}: a button, or with values a select. Forged,
                                the custom_id goes out as it is, though the message has no such component, or has it
                                disabled: what a tampered client might send. The message must still be in sight
    POST /control/submit        {interaction_id_of_modal, values?}: the modal that answered an interaction; values by
                                custom_id, lists where several may be chosen, files by their attachment's id
    GET  /control/interactions/{id}  how far an interaction is answered: type of response, message, modal, choices
"""

import base64
from typing import Any

from aiohttp import web

from demo.standins.discord.app_keys import STATE
from demo.standins.discord.attachments import sanitize_filename
from demo.standins.discord.channels import Channel
from demo.standins.discord.client_actions import CHAT_INPUT, submit_modal, use_command, use_component
from demo.standins.discord.client_validation import ForbiddenError
from demo.standins.discord.interaction import InteractionType
from demo.standins.discord.responses import json_response
from demo.standins.discord.snapshot import dump_interaction
from demo.standins.discord.state import DiscordState

routes = web.RouteTableDef()


def _build_command_data(
    state: DiscordState, channel: Channel, payload: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    """Return what a client sends for a command that is given by its name; raises Forbidden."""
    known, target = state.commands.list_available(channel.guild_id), payload.get("target_id")
    if target:
        fitting = [c for c in known if c["type"] != CHAT_INPUT and c["name"] == payload["name"]]
        deeper: list[str] = []
    else:
        word, *deeper = payload["name"].split()
        fitting = [c for c in known if c["type"] == CHAT_INPUT and c["name"] == word]
    if not fitting:
        raise ForbiddenError(f"There is no command {payload['name']!r}{' for a target' if target else ''}.")
    focused = payload.get("focused")
    options: list[dict[str, Any]] = [
        {"name": name, "value": value, "focused": name == focused} for name, value in values.items()
    ]
    for name in reversed(deeper):
        options = [{"name": name, "options": options}]
    return {"id": fitting[0]["id"], "options": options, "target_id": target}


@routes.post("/control/invoke")
async def invoke_command(request: web.Request) -> web.Response:
    """Use a command by its name, with options and files by name."""
    world, asked = request.app[STATE], await request.json()
    user, channel = world.find_user(asked["user"]), world.get_channel(str(asked["channel_id"]))
    user.locale = asked.get("locale", user.locale)
    values = dict(asked.get("options") or {})
    for name, file in (asked.get("files") or {}).items():
        data = base64.b64decode(file["base64"])
        stored = world.store_file(
            channel.id, sanitize_filename(file["filename"]), data, ephemeral=True, uploader_id=user.id
        )
        values[name] = stored.id
    data_sent = _build_command_data(world, channel, asked, values)
    interaction = use_command(world, user, channel.id, data_sent, InteractionType.APPLICATION_COMMAND)
    return json_response({"interaction_id": interaction.id})


@routes.post("/control/autocomplete")
async def autocomplete_option(request: web.Request) -> web.Response:
    """Type into an option and answer with the choices that the bot offers; none when it does not answer in time."""
    world, asked = request.app[STATE], await request.json()
    user, channel = world.find_user(asked["user"]), world.get_channel(str(asked["channel_id"]))
    data = _build_command_data(world, channel, asked, {asked["focused"]: "", **(asked.get("options") or {})})
    interaction = use_command(world, user, channel.id, data, InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE)
    await interaction.settled.wait()
    return json_response({"interaction_id": interaction.id, "choices": interaction.choices or []})


@routes.post("/control/press")
async def press_component(request: web.Request) -> web.Response:
    """Press a button or choose in a select."""
    world, asked = request.app[STATE], await request.json()
    user, message = world.find_user(asked["user"]), world.find_message(str(asked["message_id"]))
    forged = asked.get("forged") is True
    interaction = use_component(world, user, message, asked["custom_id"], asked.get("values"), forged=forged)
    return json_response({"interaction_id": interaction.id})


@routes.post("/control/submit")
async def submit_modal_values(request: web.Request) -> web.Response:
    """Submit a modal with values by custom_id."""
    world, asked = request.app[STATE], await request.json()
    user = world.find_user(asked["user"])
    interaction = submit_modal(world, user, str(asked["interaction_id_of_modal"]), asked.get("values") or {})
    return json_response({"interaction_id": interaction.id})


@routes.get(r"/control/interactions/{interaction_id:\d+}")
async def get_interaction(request: web.Request) -> web.Response:
    """Answer with how far an interaction is answered."""
    world = request.app[STATE]
    interaction = world.interactions.get(request.match_info["interaction_id"])
    if interaction is None:
        return json_response({"message": "There is no such interaction.", "code": 0}, 404)
    return json_response(dump_interaction(world, interaction))

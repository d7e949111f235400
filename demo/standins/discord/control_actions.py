"""The control API for tests: commands, components and modals of the bot, used as in Discord's client.

Every body has {user}; every reply has {interaction_id}, and for autocomplete also {choices}.

    POST /control/invoke        {channel_id, name, options?, files?, target_id?, locale?}: use a command by name: a
                                slash command ("imagine"), a subcommand ("presets save") or, with the target_id of a
                                message or user, a context menu command ("Reimagine"); options by name, files as
                                {option: {filename, base64}}
    POST /control/autocomplete  {channel_id, name, focused, options?}: the bot's choices for the option named in
                                focused; the text typed so far is among the options; waits for the bot
    POST /control/press         {message_id, custom_id, values?, forged?}: a button or, with values, a select menu.
                                If forged, the custom_id is sent even if the message has no such component or it is
                                disabled, as a tampered client might do. The user must still see the message
    POST /control/submit        {interaction_id_of_modal, values?}: the modal shown by an interaction; values by
                                custom_id, lists where several can be chosen, files by attachment id
    GET  /control/interactions/{id}  the response so far: its type, message, modal, choices
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
    """Return the data that a client sends for a command; raises ForbiddenError for an unknown name."""
    available, target = state.commands.list_available(channel.guild_id), payload.get("target_id")
    if target:
        matching = [c for c in available if c["type"] != CHAT_INPUT and c["name"] == payload["name"]]
        subcommands: list[str] = []
    else:
        word, *subcommands = payload["name"].split()
        matching = [c for c in available if c["type"] == CHAT_INPUT and c["name"] == word]
    if not matching:
        raise ForbiddenError(f"There is no command {payload['name']!r}{' for a target' if target else ''}.")
    focused = payload.get("focused")
    options: list[dict[str, Any]] = [
        {"name": name, "value": value, "focused": name == focused} for name, value in values.items()
    ]
    for name in reversed(subcommands):
        options = [{"name": name, "options": options}]
    return {"id": matching[0]["id"], "options": options, "target_id": target}


@routes.post("/control/invoke")
async def invoke_command(request: web.Request) -> web.Response:
    """Use a command by name, with options and files by name."""
    state, body = request.app[STATE], await request.json()
    user, channel = state.find_user(body["user"]), state.get_channel(str(body["channel_id"]))
    user.locale = body.get("locale", user.locale)
    values = dict(body.get("options") or {})
    for name, file in (body.get("files") or {}).items():
        content = base64.b64decode(file["base64"])
        stored = state.store_file(
            channel.id, sanitize_filename(file["filename"]), content, ephemeral=True, uploader_id=user.id
        )
        values[name] = stored.id
    data = _build_command_data(state, channel, body, values)
    interaction = use_command(state, user, channel.id, data, InteractionType.APPLICATION_COMMAND)
    return json_response({"interaction_id": interaction.id})


@routes.post("/control/autocomplete")
async def autocomplete_option(request: web.Request) -> web.Response:
    """Return the bot's choices for the focused option; none if it does not respond in time."""
    state, body = request.app[STATE], await request.json()
    user, channel = state.find_user(body["user"]), state.get_channel(str(body["channel_id"]))
    data = _build_command_data(state, channel, body, {body["focused"]: "", **(body.get("options") or {})})
    interaction = use_command(state, user, channel.id, data, InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE)
    await interaction.settled.wait()
    return json_response({"interaction_id": interaction.id, "choices": interaction.choices or []})


@routes.post("/control/press")
async def press_component(request: web.Request) -> web.Response:
    """Press a button or choose from a select menu."""
    state, body = request.app[STATE], await request.json()
    user, message = state.find_user(body["user"]), state.find_message(str(body["message_id"]))
    forged = body.get("forged") is True
    interaction = use_component(state, user, message, body["custom_id"], body.get("values"), forged=forged)
    return json_response({"interaction_id": interaction.id})


@routes.post("/control/submit")
async def submit_modal_values(request: web.Request) -> web.Response:
    """Submit a modal with values by custom_id."""
    state, body = request.app[STATE], await request.json()
    user = state.find_user(body["user"])
    interaction = submit_modal(state, user, str(body["interaction_id_of_modal"]), body.get("values") or {})
    return json_response({"interaction_id": interaction.id})


@routes.get(r"/control/interactions/{interaction_id:\d+}")
async def get_interaction(request: web.Request) -> web.Response:
    """Return the response to an interaction so far."""
    state = request.app[STATE]
    interaction = state.interactions.get(request.match_info["interaction_id"])
    if interaction is None:
        return json_response({"message": "There is no such interaction.", "code": 0}, 404)
    return json_response(dump_interaction(state, interaction))

"""REST: responses to interactions: the callback, and the messages sent with the interaction's token.

https://discord.com/developers/docs/interactions/receiving-and-responding#endpoints
"""

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.callbacks import get_upload_limit, handle_callback, post_followup
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.interaction import Interaction
from demo.standins.discord.message import Message
from demo.standins.discord.rendering import render_message
from demo.standins.discord.request_body import read_message_body
from demo.standins.discord.responses import json_response, no_content_response
from demo.standins.discord.state import DiscordState
from demo.standins.discord.validate_messages import MessageDraft, check_message

WEBHOOK_PATH = r"/webhooks/{webhook_id:\d+}/{token}"
MESSAGE_PATH = WEBHOOK_PATH + r"/messages/{message_id:@original|\d+}"

routes = web.RouteTableDef()


@routes.post(r"/interactions/{interaction_id}/{token}/callback")
async def create_callback(request: web.Request) -> web.Response:
    """Accept the first response to an interaction; 10062 if it is unknown or has expired."""
    state = request.app[STATE]
    interaction = state.interactions.get(request.match_info["interaction_id"])
    if interaction is None or interaction.has_failed or interaction.token != request.match_info["token"]:
        raise DiscordApiError(10062)
    body = await read_message_body(request, get_upload_limit(state, interaction))
    if interaction.has_failed:
        raise DiscordApiError(10062)
    response_body = handle_callback(state, interaction, body)
    return (
        json_response(response_body) if request.query.get("with_response") in ("1", "true") else no_content_response()
    )


def _load_interaction(request: web.Request) -> tuple[DiscordState, Interaction]:
    """Return the state and the interaction of the token in the path.

    Raises DiscordApiError 10015 before the first response, 50027 for an unknown or expired token.
    """
    state = request.app[STATE]
    if request.match_info["webhook_id"] != state.application_id:
        raise DiscordApiError(10015)
    interaction = state.interactions_by_token.get(request.match_info["token"])
    if interaction is None or state.now() - interaction.created_at > state.settings.token_lifetime:
        raise DiscordApiError(50027)
    if not interaction.is_acknowledged or interaction.channel_id not in state.channels:
        raise DiscordApiError(10015)
    return state, interaction


def _load_message(request: web.Request, state: DiscordState, interaction: Interaction) -> Message:
    """Return the message of the path, which must belong to the interaction; raises DiscordApiError 10008."""
    message_id = request.match_info["message_id"]
    resolved_id = interaction.original_response_id if message_id == "@original" else message_id
    if resolved_id is None or resolved_id not in (interaction.original_response_id, *interaction.followup_ids):
        raise DiscordApiError(10008)
    return state.get_message(interaction.channel_id, resolved_id)


@routes.post(WEBHOOK_PATH)
async def create_followup(request: web.Request) -> web.Response:
    """Post a followup; the first one after a deferred response edits that response."""
    state, interaction = _load_interaction(request)
    limit = get_upload_limit(state, interaction)
    body = await read_message_body(request, limit)
    if interaction.is_loading and interaction.original_response_id:
        original = state.get_message(interaction.channel_id, interaction.original_response_id)
        message = _apply_edit(state, interaction, original, check_message(body, limit, existing=original))
    else:
        message = post_followup(state, interaction, check_message(body, limit))
    return (
        json_response(render_message(state, message))
        if request.query.get("wait") in ("1", "true", "True")
        else no_content_response()
    )


def _apply_edit(state: DiscordState, interaction: Interaction, message: Message, draft: MessageDraft) -> Message:
    if message.id == interaction.original_response_id:
        interaction.is_loading = False
    return message_operations.edit_message(state, message, draft)


@routes.get(MESSAGE_PATH)
async def get_message(request: web.Request) -> web.Response:
    """Return one of the interaction's messages."""
    state, interaction = _load_interaction(request)
    return json_response(render_message(state, _load_message(request, state, interaction)))


@routes.patch(MESSAGE_PATH)
async def edit_message(request: web.Request) -> web.Response:
    """Edit one of the interaction's messages."""
    state, interaction = _load_interaction(request)
    message = _load_message(request, state, interaction)
    limit = get_upload_limit(state, interaction)
    draft = check_message(await read_message_body(request, limit), limit, existing=message)
    return json_response(render_message(state, _apply_edit(state, interaction, message, draft)))


@routes.delete(MESSAGE_PATH)
async def delete_message(request: web.Request) -> web.Response:
    """Delete one of the interaction's messages."""
    state, interaction = _load_interaction(request)
    message_operations.delete_message(state, _load_message(request, state, interaction))
    return no_content_response()

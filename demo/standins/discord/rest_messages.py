"""REST: messages of a channel: list, read, post, edit, delete; and the typing indicator.

https://discord.com/developers/docs/resources/message
"""

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.channels import Channel, ChannelType
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.message import Message
from demo.standins.discord.permissions import Permission, require_permission
from demo.standins.discord.rendering import redact_for_bot, render_message
from demo.standins.discord.request_body import read_message_body
from demo.standins.discord.responses import json_response, no_content_response
from demo.standins.discord.rest_channels import load_channel
from demo.standins.discord.state import DiscordState
from demo.standins.discord.validate_messages import MessageDraft, check_message

MESSAGES_PATH = r"/channels/{channel_id:\d+}/messages"
MESSAGE_PATH = MESSAGES_PATH + r"/{message_id:\d+}"

routes = web.RouteTableDef()


def _load_message(request: web.Request, state: DiscordState, channel: Channel) -> Message:
    """Return the message of the path; raises DiscordApiError 10008, for ephemeral messages, too."""
    message = state.get_message(channel.id, request.match_info["message_id"])
    if message.visible_to:
        raise DiscordApiError(10008)
    return message


@routes.get(MESSAGES_PATH)
async def list_messages(request: web.Request) -> web.Response:
    """Return up to `limit` messages, newest first; none without READ_MESSAGE_HISTORY."""
    state, channel = load_channel(request)
    form = FormValidator()
    limit = request.query.get("limit", "50")
    if not limit.isdigit() or not 1 <= int(limit) <= 100:  # noqa: PLR2004 - Discord's bounds
        form.add_error(("limit",), "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    form.raise_if_invalid()
    if not state.compute_permissions(channel, state.bot.id) & Permission.READ_MESSAGE_HISTORY:
        return json_response([])
    found = [m for m in state.messages[channel.id].values() if not m.is_deleted and not m.visible_to]
    if before := request.query.get("before"):
        found = [m for m in found if int(m.id) < int(before)]
    if after := request.query.get("after"):
        found = [m for m in found if int(m.id) > int(after)][: int(limit)]
    newest = found[::-1][: int(limit)]
    return json_response([redact_for_bot(state, m, render_message(state, m)) for m in newest])


@routes.get(MESSAGE_PATH)
async def get_message(request: web.Request) -> web.Response:
    """Return one message."""
    state, channel = load_channel(request, Permission.READ_MESSAGE_HISTORY)
    message = _load_message(request, state, channel)
    return json_response(redact_for_bot(state, message, render_message(state, message)))


@routes.post(MESSAGES_PATH)
async def post_message(request: web.Request) -> web.Response:
    """Post a message; if its enforced nonce was used recently, return the earlier message instead."""
    state, channel = load_channel(request)
    draft = check_message(
        await read_message_body(request, state.get_upload_limit(channel)), state.get_upload_limit(channel)
    )
    if (earlier := _find_by_nonce(state, draft)) is not None:
        return json_response(render_message(state, earlier) | {"nonce": draft.nonce})
    message_operations.require_send_permission(state, channel, state.bot.id, draft)
    if channel.type is ChannelType.DM and channel.recipients[0].has_dms_closed:
        raise DiscordApiError(50007)
    message = message_operations.create_message(state, channel, state.bot.id, draft)
    if draft.nonce is None:
        return json_response(render_message(state, message))
    state.nonces[state.bot.id, str(draft.nonce)] = (state.now(), channel.id, message.id)
    return json_response(render_message(state, message) | {"nonce": draft.nonce})


def _find_by_nonce(state: DiscordState, draft: MessageDraft) -> Message | None:
    """Return the earlier message with this nonce; raises DiscordApiError 10008 if it has been deleted since."""
    if draft.nonce is None or not draft.enforce_nonce:
        return None
    at, channel_id, message_id = state.nonces.get((state.bot.id, str(draft.nonce)), (0.0, "", ""))
    if state.now() - at > state.settings.nonce_seconds:
        return None
    return state.get_message(channel_id, message_id)


@routes.patch(MESSAGE_PATH)
async def edit_message(request: web.Request) -> web.Response:
    """Edit one of the bot's own messages."""
    state, channel = load_channel(request)
    message = _load_message(request, state, channel)
    if message.author_id != state.bot.id:
        raise DiscordApiError(50005)
    if channel.archived:
        raise DiscordApiError(50083)
    limit = state.get_upload_limit(channel)
    draft = check_message(await read_message_body(request, limit), limit, existing=message)
    return json_response(render_message(state, message_operations.edit_message(state, message, draft)))


@routes.delete(MESSAGE_PATH)
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message; MANAGE_MESSAGES is needed for other users' messages."""
    state, channel = load_channel(request)
    message = _load_message(request, state, channel)
    if message.author_id != state.bot.id:
        require_permission(state.compute_permissions(channel, state.bot.id), Permission.MANAGE_MESSAGES)
    if channel.archived:
        raise DiscordApiError(50083)
    message_operations.delete_message(state, message)
    return no_content_response()


@routes.post(r"/channels/{channel_id:\d+}/typing")
async def trigger_typing(request: web.Request) -> web.Response:
    """Show that the bot is typing."""
    state, channel = load_channel(request)
    send = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    require_permission(state.compute_permissions(channel, state.bot.id), send)
    return no_content_response()

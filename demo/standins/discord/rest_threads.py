"""REST: creating threads: on a message, without one, and as posts of a forum.

https://discord.com/developers/docs/resources/channel#start-thread-from-message
"""

from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.channels import AUTO_ARCHIVE_MINUTES, Channel, ChannelType
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.message import Message, MessageFlag
from demo.standins.discord.permissions import Permission, require_permission
from demo.standins.discord.rendering import render_message
from demo.standins.discord.request_body import RequestBody, read_json_object, read_message_body
from demo.standins.discord.responses import json_response
from demo.standins.discord.rest_channels import CHANNEL_PATH, check_applied_tags, check_thread_limit, load_channel
from demo.standins.discord.state import DiscordState
from demo.standins.discord.validate_messages import check_message

routes = web.RouteTableDef()


def _check_thread(body: dict[str, Any]) -> None:
    form = FormValidator()
    form.check_text(("name",), body.get("name"), 1, 100, required=True)
    form.check_choice(("auto_archive_duration",), body.get("auto_archive_duration"), AUTO_ARCHIVE_MINUTES)
    form.check_number(("rate_limit_per_user",), body.get("rate_limit_per_user"), 0, 21_600)
    form.raise_if_invalid()


def create_thread(
    state: DiscordState, parent: Channel, body: dict[str, Any], kind: ChannelType, message: Message | None
) -> Channel:
    """Create a thread, on a message or without one, and send the events."""
    identity = message.id if message else state.generate_id()
    thread = Channel(identity, kind, body["name"], parent.guild_id, parent.id, owner_id=state.bot.id)
    thread.auto_archive_duration = body.get("auto_archive_duration") or 4320
    thread.rate_limit_per_user = body.get("rate_limit_per_user") or 0
    thread.invitable = body.get("invitable") is not False
    if parent.type is ChannelType.FORUM:
        thread.applied_tags = [str(tag) for tag in body.get("applied_tags") or ()]
    thread.archive_changed_at = state.now()
    thread.members[state.bot.id] = state.now()
    state.channels[thread.id] = thread
    state.messages[thread.id] = {}
    message_operations.dispatch_channel(state, "THREAD_CREATE", thread, newly_created=True)
    if message:
        message.thread_id = thread.id
        message.flags |= MessageFlag.HAS_THREAD
        message_operations.dispatch_message(state, "MESSAGE_UPDATE", message)
    return thread


@routes.post(CHANNEL_PATH + r"/messages/{message_id:\d+}/threads")
async def create_thread_from_message(request: web.Request) -> web.Response:
    """Create a thread on a message. It gets the message's id; a second one fails with 160004."""
    state, channel = load_channel(request)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise DiscordApiError(50024)
    message = state.get_message(channel.id, request.match_info["message_id"])
    if message.visible_to:
        raise DiscordApiError(10008)
    require_permission(state.compute_permissions(channel, state.bot.id), Permission.CREATE_PUBLIC_THREADS)
    body = await read_json_object(request)
    _check_thread(body)
    if message.thread_id is not None:
        raise DiscordApiError(160004)
    check_thread_limit(state, channel)
    announcement = channel.type is ChannelType.ANNOUNCEMENT
    kind = ChannelType.ANNOUNCEMENT_THREAD if announcement else ChannelType.PUBLIC_THREAD
    return json_response(create_thread(state, channel, body, kind, message).to_json(state.bot.id), 201)


@routes.post(CHANNEL_PATH + "/threads")
async def create_thread_without_message(request: web.Request) -> web.Response:
    """Create a thread without a message, by default a private one; in a forum, a post with its first message."""
    state, channel = load_channel(request)
    if channel.type is ChannelType.FORUM:
        return await _create_forum_post(request, state, channel)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise DiscordApiError(50024)
    body = await read_json_object(request)
    _check_thread(body)
    form = FormValidator()
    kind = ChannelType(form.check_choice(("type",), body.get("type"), (10, 11, 12)) or ChannelType.PRIVATE_THREAD)
    form.raise_if_invalid()
    private = kind is ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    require_permission(state.compute_permissions(channel, state.bot.id), needed)
    check_thread_limit(state, channel)
    return json_response(create_thread(state, channel, body, kind, None).to_json(state.bot.id), 201)


async def _create_forum_post(request: web.Request, state: DiscordState, forum: Channel) -> web.Response:
    """Create a post of a forum: a thread whose first message has the thread's id."""
    limit = state.get_upload_limit(forum)
    body = await read_message_body(request, limit)
    _check_thread(body.payload)
    form = FormValidator()
    check_applied_tags(form, body.payload, forum)
    if not isinstance(body.payload.get("message"), dict):
        form.add_error(("message",), "BASE_TYPE_REQUIRED", "This field is required")
    form.raise_if_invalid()
    draft = check_message(RequestBody(body.payload["message"], body.files), limit, where=("message",))
    needed = Permission.SEND_MESSAGES | (Permission.ATTACH_FILES if draft.files else Permission.SEND_MESSAGES)
    require_permission(state.compute_permissions(forum, state.bot.id), needed)
    check_thread_limit(state, forum)
    thread = create_thread(state, forum, body.payload, ChannelType.PUBLIC_THREAD, None)
    message = message_operations.create_message(state, thread, state.bot.id, draft, id=thread.id)
    return json_response(thread.to_json(state.bot.id) | {"message": render_message(state, message)}, 201)

"""Channels and threads by the bot: read, change, delete, open threads, add members to them.

https://discord.com/developers/docs/resources/channel
"""

from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.channels import AUTO_ARCHIVE_MINUTES, Channel, ChannelType
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.message import Message, MessageFlag
from demo.standins.discord.permissions import Permission, require_permission
from demo.standins.discord.request_body import read_json_object
from demo.standins.discord.responses import json_response, no_content_response
from demo.standins.discord.state import DiscordState

CHANNEL_PATH = r"/channels/{channel_id:\d+}"
MAX_THREAD_MEMBERS = 1000

routes = web.RouteTableDef()


def _load_channel(request: web.Request, needed: Permission = Permission.VIEW_CHANNEL) -> tuple[DiscordState, Channel]:
    """Return the world and the channel of the path; raises Refusal 10003, 50001 or 50013."""
    world = request.app[STATE]
    channel = world.get_channel(request.match_info["channel_id"])
    require_permission(world.compute_permissions(channel, world.bot.id), needed)
    return world, channel


@routes.get(CHANNEL_PATH)
async def get_channel(request: web.Request) -> web.Response:
    """Answer with a channel or thread."""
    world, channel = _load_channel(request)
    return json_response(channel.to_json(world.bot.id))


@routes.patch(CHANNEL_PATH)
async def edit_channel(request: web.Request) -> web.Response:
    """Change a channel (MANAGE_CHANNELS) or a thread (its owner, or MANAGE_THREADS)."""
    world, channel = _load_channel(request)
    body = await read_json_object(request)
    form = FormValidator()
    form.check_text(("name",), body.get("name"), 1, 100)
    form.check_number(("rate_limit_per_user",), body.get("rate_limit_per_user"), 0, 21_600)
    form.check_choice(("auto_archive_duration",), body.get("auto_archive_duration"), AUTO_ARCHIVE_MINUTES)
    for key in ("archived", "locked", "invitable"):
        form.check_flag((key,), body.get(key))
    form.raise_if_invalid()
    if channel.is_thread:
        _check_thread_edit(world, channel, body)
    else:
        require_permission(world.compute_permissions(channel, world.bot.id), Permission.MANAGE_CHANNELS)
    apply_channel_changes(world, channel, body)
    return json_response(channel.to_json(world.bot.id))


def _check_thread_edit(state: DiscordState, thread: Channel, body: dict[str, Any]) -> None:
    """Raise the Refusal that this edit of a thread meets: 50013, 50083 while it stays archived, 160006."""
    bits = state.compute_permissions(thread, state.bot.id)
    moderator = bool(bits & Permission.MANAGE_THREADS)
    waking = body.get("archived") is False
    only_waking = (
        waking and set(body) <= {"archived"} and not thread.locked and bits & Permission.SEND_MESSAGES_IN_THREADS
    )
    if not (
        moderator or only_waking or (thread.owner_id == state.bot.id and not thread.locked and "locked" not in body)
    ):
        raise DiscordApiError(50013)
    if thread.archived and not waking and set(body) - {"archived", "locked"}:
        raise DiscordApiError(50083)
    if thread.archived and waking:
        check_thread_limit(state, thread)


def apply_channel_changes(state: DiscordState, channel: Channel, body: dict[str, Any]) -> None:
    """Set the given fields of a channel and tell it."""
    if body.get("archived") is not None and body["archived"] != channel.archived:
        channel.archive_changed_at = state.now()
    for key in ("name", "archived", "locked", "invitable", "auto_archive_duration", "rate_limit_per_user", "topic"):
        if body.get(key) is not None:
            setattr(channel, key, body[key])
    message_operations.dispatch_channel(state, "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)


@routes.delete(CHANNEL_PATH)
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel or thread, or close a DM."""
    world, channel = _load_channel(request)
    needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
    if channel.type is ChannelType.DM:
        return json_response(channel.to_json())
    require_permission(world.compute_permissions(channel, world.bot.id), needed)
    shown = channel.to_json(world.bot.id)
    remove_channel(world, channel)
    return json_response(shown)


def remove_channel(state: DiscordState, channel: Channel) -> None:
    """Take a channel and its threads out of the world and tell it."""
    for thread in [c for c in state.channels.values() if c.parent_id == channel.id and c.is_thread]:
        remove_channel(state, thread)
    message_operations.dispatch_channel(state, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
    for message in state.messages[channel.id].values():
        message.is_deleted = True
        for attachment in message.attachments:
            attachment.is_deleted = True
    del state.channels[channel.id]


def check_thread_limit(state: DiscordState, place: Channel) -> None:
    """Raise Refusal 160006 when the guild of a channel can have no further active thread."""
    active = sum(c.is_thread and not c.archived and c.guild_id == place.guild_id for c in state.channels.values())
    if active >= state.get_guild(place).max_active_threads:
        raise DiscordApiError(160006)


def _check_thread(body: dict[str, Any]) -> None:
    form = FormValidator()
    form.check_text(("name",), body.get("name"), 1, 100, required=True)
    form.check_choice(("auto_archive_duration",), body.get("auto_archive_duration"), AUTO_ARCHIVE_MINUTES)
    form.check_number(("rate_limit_per_user",), body.get("rate_limit_per_user"), 0, 21_600)
    form.raise_if_invalid()


def create_thread(
    state: DiscordState, parent: Channel, body: dict[str, Any], kind: ChannelType, message: Message | None
) -> Channel:
    """Make a thread, on a message or alone, and tell it."""
    identity = message.id if message else state.generate_id()
    thread = Channel(identity, kind, body["name"], parent.guild_id, parent.id, owner_id=state.bot.id)
    thread.auto_archive_duration = body.get("auto_archive_duration") or 4320
    thread.rate_limit_per_user = body.get("rate_limit_per_user") or 0
    thread.invitable = body.get("invitable") is not False
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
    """Open a thread on a message: its id is the message's, and there can be only one (160004)."""
    world, channel = _load_channel(request)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise DiscordApiError(50024)
    message = world.get_message(channel.id, request.match_info["message_id"])
    if message.visible_to:
        raise DiscordApiError(10008)
    require_permission(world.compute_permissions(channel, world.bot.id), Permission.CREATE_PUBLIC_THREADS)
    body = await read_json_object(request)
    _check_thread(body)
    if message.thread_id is not None:
        raise DiscordApiError(160004)
    check_thread_limit(world, channel)
    announcement = channel.type is ChannelType.ANNOUNCEMENT
    kind = ChannelType.ANNOUNCEMENT_THREAD if announcement else ChannelType.PUBLIC_THREAD
    return json_response(create_thread(world, channel, body, kind, message).to_json(world.bot.id), 201)


@routes.post(CHANNEL_PATH + "/threads")
async def create_thread_without_message(request: web.Request) -> web.Response:
    """Open a thread without a message; it is private unless the type says otherwise."""
    world, channel = _load_channel(request)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise DiscordApiError(50024)
    body = await read_json_object(request)
    _check_thread(body)
    form = FormValidator()
    kind = ChannelType(form.check_choice(("type",), body.get("type"), (10, 11, 12)) or ChannelType.PRIVATE_THREAD)
    form.raise_if_invalid()
    private = kind is ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    require_permission(world.compute_permissions(channel, world.bot.id), needed)
    check_thread_limit(world, channel)
    return json_response(create_thread(world, channel, body, kind, None).to_json(world.bot.id), 201)


@routes.put(CHANNEL_PATH + "/thread-members/{user_id}")
async def add_thread_member(request: web.Request) -> web.Response:
    """Add a user, or the bot itself, to a thread that is not archived."""
    world, thread = _load_channel(request, Permission.VIEW_CHANNEL)
    if not thread.is_thread:
        raise DiscordApiError(50024)
    if thread.archived:
        raise DiscordApiError(50083)
    user_id = request.match_info["user_id"].replace("@me", world.bot.id)
    if user_id not in world.users:
        raise DiscordApiError(10013)
    if user_id not in world.get_guild(thread).members:
        raise DiscordApiError(10007)
    if user_id != world.bot.id:
        require_permission(world.compute_permissions(thread, world.bot.id), Permission.SEND_MESSAGES_IN_THREADS)
    if len(thread.members) >= MAX_THREAD_MEMBERS:
        raise DiscordApiError(30033)
    thread.members.setdefault(user_id, world.now())
    message_operations.dispatch_channel(world, "THREAD_UPDATE", thread)
    return no_content_response()


@routes.get(CHANNEL_PATH + "/thread-members")
async def list_thread_members(request: web.Request) -> web.Response:
    """Answer with the members of a thread."""
    _, thread = _load_channel(request)
    if not thread.is_thread:
        raise DiscordApiError(50024)
    return json_response([thread.member_to_json(user_id) for user_id in thread.members])

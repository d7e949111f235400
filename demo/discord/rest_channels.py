"""Channels and threads by the bot: read, change, delete, open threads, add members to them.

https://discord.com/developers/docs/resources/channel
"""

from typing import Any

from aiohttp import web

from demo.discord import posting
from demo.discord.answers import empty, ok
from demo.discord.body import read_object
from demo.discord.channels import AUTO_ARCHIVE_MINUTES, Channel, ChannelType
from demo.discord.errors import Refusal
from demo.discord.form import Form
from demo.discord.message import Message, MessageFlag
from demo.discord.permissions import Permission, require
from demo.discord.request_context import WORLD
from demo.discord.world import World

ONE = r"/channels/{channel_id:\d+}"
MAX_THREAD_MEMBERS = 1000

routes = web.RouteTableDef()


def _place(request: web.Request, needed: Permission = Permission.VIEW_CHANNEL) -> tuple[World, Channel]:
    """Return the world and the channel of the path; raises Refusal 10003, 50001 or 50013."""
    world = request.app[WORLD]
    channel = world.channel(request.match_info["channel_id"])
    require(world.permissions(channel, world.bot.id), needed)
    return world, channel


@routes.get(ONE)
async def get_channel(request: web.Request) -> web.Response:
    """Answer with a channel or thread."""
    world, channel = _place(request)
    return ok(channel.json(world.bot.id))


@routes.patch(ONE)
async def edit_channel(request: web.Request) -> web.Response:
    """Change a channel (MANAGE_CHANNELS) or a thread (its owner, or MANAGE_THREADS)."""
    world, channel = _place(request)
    body = await read_object(request)
    form = Form()
    form.text(("name",), body.get("name"), 1, 100)
    form.number(("rate_limit_per_user",), body.get("rate_limit_per_user"), 0, 21_600)
    form.choice(("auto_archive_duration",), body.get("auto_archive_duration"), AUTO_ARCHIVE_MINUTES)
    for key in ("archived", "locked", "invitable"):
        form.flag((key,), body.get(key))
    form.refuse_if_faulty()
    if channel.is_thread:
        _allow_thread_edit(world, channel, body)
    else:
        require(world.permissions(channel, world.bot.id), Permission.MANAGE_CHANNELS)
    change_channel(world, channel, body)
    return ok(channel.json(world.bot.id))


def _allow_thread_edit(world: World, thread: Channel, body: dict[str, Any]) -> None:
    """Raise the Refusal that this edit of a thread meets: 50013, 50083 while it stays archived, 160006."""
    bits = world.permissions(thread, world.bot.id)
    moderator = bool(bits & Permission.MANAGE_THREADS)
    waking = body.get("archived") is False
    only_waking = (
        waking and set(body) <= {"archived"} and not thread.locked and bits & Permission.SEND_MESSAGES_IN_THREADS
    )
    if not (
        moderator or only_waking or (thread.owner_id == world.bot.id and not thread.locked and "locked" not in body)
    ):
        raise Refusal(50013)
    if thread.archived and not waking and set(body) - {"archived", "locked"}:
        raise Refusal(50083)
    if thread.archived and waking:
        refuse_too_many(world, thread)


def change_channel(world: World, channel: Channel, body: dict[str, Any]) -> None:
    """Set the given fields of a channel and tell it."""
    if body.get("archived") is not None and body["archived"] != channel.archived:
        channel.archive_changed_at = world.now()
    for key in ("name", "archived", "locked", "invitable", "auto_archive_duration", "rate_limit_per_user", "topic"):
        if body.get(key) is not None:
            setattr(channel, key, body[key])
    posting.tell_channel(world, "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)


@routes.delete(ONE)
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel or thread, or close a DM."""
    world, channel = _place(request)
    needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
    if channel.type is ChannelType.DM:
        return ok(channel.json())
    require(world.permissions(channel, world.bot.id), needed)
    shown = channel.json(world.bot.id)
    remove_channel(world, channel)
    return ok(shown)


def remove_channel(world: World, channel: Channel) -> None:
    """Take a channel and its threads out of the world and tell it."""
    for thread in [c for c in world.channels.values() if c.parent_id == channel.id and c.is_thread]:
        remove_channel(world, thread)
    posting.tell_channel(world, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
    for message in world.messages[channel.id].values():
        message.deleted = True
        for attachment in message.attachments:
            attachment.deleted = True
    del world.channels[channel.id]


def refuse_too_many(world: World, place: Channel) -> None:
    """Raise Refusal 160006 when the guild of a channel can have no further active thread."""
    active = sum(c.is_thread and not c.archived and c.guild_id == place.guild_id for c in world.channels.values())
    if active >= world.guild_of(place).max_active_threads:
        raise Refusal(160006)


def _check_thread(body: dict[str, Any]) -> None:
    form = Form()
    form.text(("name",), body.get("name"), 1, 100, required=True)
    form.choice(("auto_archive_duration",), body.get("auto_archive_duration"), AUTO_ARCHIVE_MINUTES)
    form.number(("rate_limit_per_user",), body.get("rate_limit_per_user"), 0, 21_600)
    form.refuse_if_faulty()


def open_thread(
    world: World, parent: Channel, body: dict[str, Any], kind: ChannelType, message: Message | None
) -> Channel:
    """Make a thread, on a message or alone, and tell it."""
    identity = message.id if message else world.mint()
    thread = Channel(identity, kind, body["name"], parent.guild_id, parent.id, owner_id=world.bot.id)
    thread.auto_archive_duration = body.get("auto_archive_duration") or 4320
    thread.rate_limit_per_user = body.get("rate_limit_per_user") or 0
    thread.invitable = body.get("invitable") is not False
    thread.archive_changed_at = world.now()
    thread.members[world.bot.id] = world.now()
    world.channels[thread.id] = thread
    world.messages[thread.id] = {}
    posting.tell_channel(world, "THREAD_CREATE", thread, newly_created=True)
    if message:
        message.thread_id = thread.id
        message.flags |= MessageFlag.HAS_THREAD
        posting.tell(world, "MESSAGE_UPDATE", message)
    return thread


@routes.post(ONE + r"/messages/{message_id:\d+}/threads")
async def thread_from_message(request: web.Request) -> web.Response:
    """Open a thread on a message: its id is the message's, and there can be only one (160004)."""
    world, channel = _place(request)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise Refusal(50024)
    message = world.message(channel.id, request.match_info["message_id"])
    if message.visible_to:
        raise Refusal(10008)
    require(world.permissions(channel, world.bot.id), Permission.CREATE_PUBLIC_THREADS)
    body = await read_object(request)
    _check_thread(body)
    if message.thread_id is not None:
        raise Refusal(160004)
    refuse_too_many(world, channel)
    announcement = channel.type is ChannelType.ANNOUNCEMENT
    kind = ChannelType.ANNOUNCEMENT_THREAD if announcement else ChannelType.PUBLIC_THREAD
    return ok(open_thread(world, channel, body, kind, message).json(world.bot.id), 201)


@routes.post(ONE + "/threads")
async def thread_alone(request: web.Request) -> web.Response:
    """Open a thread without a message; it is private unless the type says otherwise."""
    world, channel = _place(request)
    if channel.type not in (ChannelType.TEXT, ChannelType.ANNOUNCEMENT):
        raise Refusal(50024)
    body = await read_object(request)
    _check_thread(body)
    form = Form()
    kind = ChannelType(form.choice(("type",), body.get("type"), (10, 11, 12)) or ChannelType.PRIVATE_THREAD)
    form.refuse_if_faulty()
    private = kind is ChannelType.PRIVATE_THREAD
    needed = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
    require(world.permissions(channel, world.bot.id), needed)
    refuse_too_many(world, channel)
    return ok(open_thread(world, channel, body, kind, None).json(world.bot.id), 201)


@routes.put(ONE + "/thread-members/{user_id}")
async def add_thread_member(request: web.Request) -> web.Response:
    """Add a user, or the bot itself, to a thread that is not archived."""
    world, thread = _place(request, Permission.VIEW_CHANNEL)
    if not thread.is_thread:
        raise Refusal(50024)
    if thread.archived:
        raise Refusal(50083)
    user_id = request.match_info["user_id"].replace("@me", world.bot.id)
    if user_id not in world.users:
        raise Refusal(10013)
    if user_id not in world.guild_of(thread).members:
        raise Refusal(10007)
    if user_id != world.bot.id:
        require(world.permissions(thread, world.bot.id), Permission.SEND_MESSAGES_IN_THREADS)
    if len(thread.members) >= MAX_THREAD_MEMBERS:
        raise Refusal(30033)
    thread.members.setdefault(user_id, world.now())
    posting.tell_channel(world, "THREAD_UPDATE", thread)
    return empty()


@routes.get(ONE + "/thread-members")
async def thread_members(request: web.Request) -> web.Response:
    """Answer with the members of a thread."""
    _, thread = _place(request)
    if not thread.is_thread:
        raise Refusal(50024)
    return ok([thread.member_json(user_id) for user_id in thread.members])

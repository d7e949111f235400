"""Messages of a channel by the bot: list, read, post, edit, delete, typing.

https://discord.com/developers/docs/resources/message
"""

from aiohttp import web

from demo.discord import posting
from demo.discord.answers import empty, ok
from demo.discord.body import read_body
from demo.discord.channels import Channel, ChannelType
from demo.discord.errors import Refusal
from demo.discord.form import Form
from demo.discord.message import Message
from demo.discord.permissions import Permission, require
from demo.discord.rendering import for_bot, message_json
from demo.discord.request_context import WORLD
from demo.discord.validate_messages import Draft, check_message
from demo.discord.world import World

ALL = r"/channels/{channel_id:\d+}/messages"
ONE = ALL + r"/{message_id:\d+}"

routes = web.RouteTableDef()


def _place(request: web.Request, needed: Permission = Permission.VIEW_CHANNEL) -> tuple[World, Channel]:
    """Return the world and the channel of the path; raises Refusal 10003, 50001 or 50013."""
    world = request.app[WORLD]
    channel = world.channel(request.match_info["channel_id"])
    require(world.permissions(channel, world.bot.id), needed)
    return world, channel


def _message(request: web.Request, world: World, channel: Channel) -> Message:
    """Return the message of the path; ephemeral ones cannot be reached here (10008)."""
    message = world.message(channel.id, request.match_info["message_id"])
    if message.visible_to:
        raise Refusal(10008)
    return message


@routes.get(ALL)
async def list_messages(request: web.Request) -> web.Response:
    """Answer with up to `limit` messages, newest first; nothing without READ_MESSAGE_HISTORY."""
    world, channel = _place(request)
    form = Form()
    limit = request.query.get("limit", "50")
    if not limit.isdigit() or not 1 <= int(limit) <= 100:  # noqa: PLR2004 - Discord's bounds
        form.fault(("limit",), "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    form.refuse_if_faulty()
    if not world.permissions(channel, world.bot.id) & Permission.READ_MESSAGE_HISTORY:
        return ok([])
    found = [m for m in world.messages[channel.id].values() if not m.deleted and not m.visible_to]
    if before := request.query.get("before"):
        found = [m for m in found if int(m.id) < int(before)]
    if after := request.query.get("after"):
        found = [m for m in found if int(m.id) > int(after)][: int(limit)]
    newest = found[::-1][: int(limit)]
    return ok([for_bot(world, m, message_json(world, m)) for m in newest])


@routes.get(ONE)
async def get_message(request: web.Request) -> web.Response:
    """Answer with one message."""
    world, channel = _place(request, Permission.READ_MESSAGE_HISTORY)
    message = _message(request, world, channel)
    return ok(for_bot(world, message, message_json(world, message)))


@routes.post(ALL)
async def post_message(request: web.Request) -> web.Response:
    """Post a message; the same enforced nonce within minutes answers with the earlier message instead."""
    world, channel = _place(request)
    draft = check_message(await read_body(request, world.upload_limit(channel)), world.upload_limit(channel))
    if (earlier := _posted_before(world, draft)) is not None:
        return ok(message_json(world, earlier) | {"nonce": draft.nonce})
    posting.require_writing(world, channel, world.bot.id, draft)
    if channel.type is ChannelType.DM and channel.recipients[0].dms_closed:
        raise Refusal(50007)
    message = posting.create(world, channel, world.bot.id, draft)
    if draft.nonce is None:
        return ok(message_json(world, message))
    world.nonces[world.bot.id, str(draft.nonce)] = (world.now(), channel.id, message.id)
    return ok(message_json(world, message) | {"nonce": draft.nonce})


def _posted_before(world: World, draft: Draft) -> Message | None:
    """Return the message that this nonce has made; raises Refusal 10008 when it has been deleted since."""
    if draft.nonce is None or not draft.enforce_nonce:
        return None
    at, channel_id, message_id = world.nonces.get((world.bot.id, str(draft.nonce)), (0.0, "", ""))
    if world.now() - at > world.settings.nonce_seconds:
        return None
    return world.message(channel_id, message_id)


@routes.patch(ONE)
async def edit_message(request: web.Request) -> web.Response:
    """Edit one of the bot's own messages."""
    world, channel = _place(request)
    message = _message(request, world, channel)
    if message.author_id != world.bot.id:
        raise Refusal(50005)
    if channel.archived:
        raise Refusal(50083)
    limit = world.upload_limit(channel)
    draft = check_message(await read_body(request, limit), limit, existing=message)
    return ok(message_json(world, posting.edit(world, message, draft)))


@routes.delete(ONE)
async def delete_message(request: web.Request) -> web.Response:
    """Delete a message: the bot's own, or with MANAGE_MESSAGES any."""
    world, channel = _place(request)
    message = _message(request, world, channel)
    if message.author_id != world.bot.id:
        require(world.permissions(channel, world.bot.id), Permission.MANAGE_MESSAGES)
    if channel.archived:
        raise Refusal(50083)
    posting.delete(world, message)
    return empty()


@routes.post(r"/channels/{channel_id:\d+}/typing")
async def typing(request: web.Request) -> web.Response:
    """Show that the bot is typing."""
    world, channel = _place(request)
    send = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    require(world.permissions(channel, world.bot.id), send)
    return empty()

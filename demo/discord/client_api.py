"""What the chat page calls: a person's view of the world, uploads, messages, and the use of commands.

The paths and shapes are this stand-in's own; the objects in them are Discord's.
"""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from demo.discord import posting
from demo.discord.answers import ok
from demo.discord.attachments import safe_filename
from demo.discord.body import FORM_SLACK, Body, read_body
from demo.discord.channels import Channel, ChannelType
from demo.discord.client_rules import Forbidden
from demo.discord.errors import Refusal
from demo.discord.offer import offered
from demo.discord.people import User
from demo.discord.permissions import Permission, require
from demo.discord.rendering import message_json
from demo.discord.request_context import WORLD
from demo.discord.use import use
from demo.discord.validate_messages import check_message
from demo.discord.world import World

KEEP_ALIVE_SECONDS = 15.0
PERSONS_FIELDS = ("content", "attachments", "message_reference")

routes = web.RouteTableDef()


@web.middleware
async def words_for_people(request: web.Request, handler: Any) -> web.StreamResponse:
    """Turn refusals on the page's own paths into JSON with a message."""
    if not request.path.startswith(("/client", "/control")):
        answer: web.StreamResponse = await handler(request)
        return answer
    try:
        answer = await handler(request)
    except Refusal as refusal:
        return ok(refusal.body(), refusal.status)
    except (Forbidden, ValueError) as error:
        return ok({"message": str(error), "code": 0}, 400)
    except KeyError as error:
        return ok({"message": f"The field {error} is missing.", "code": 0}, 400)
    return answer


def _who(request: web.Request) -> tuple[World, User]:
    world = request.app[WORLD]
    return world, world.user(request.query.get("user", "ada"))


def visible_channels(world: World, user: User) -> list[Channel]:
    """Return the channels, threads and DMs that a user can see."""
    return [c for c in world.channels.values() if world.permissions(c, user.id) & Permission.VIEW_CHANNEL]


@routes.get("/client/bootstrap")
async def bootstrap(request: web.Request) -> web.Response:
    """Answer with everything a page needs to begin."""
    world, user = _who(request)
    return ok(
        {
            "me": user.json(),
            "users": [other.json() for other in world.users.values()],
            "guilds": [
                {"id": guild.id, "name": guild.name, "roles": [role.json() for role in guild.roles.values()]}
                for guild in world.guilds.values()
                if user.id in guild.members
            ],
            "channels": [c.json(user.id) for c in visible_channels(world, user)],
            "application": {"id": world.application_id, "name": world.bot.name, "bot": world.bot.json()},
            "commands": offered(world, user.id),
            "me_locale": user.locale,
        }
    )


@routes.get(r"/client/channels/{channel_id:\d+}/messages")
async def messages(request: web.Request) -> web.Response:
    """Answer with a channel's messages, oldest first, the ephemeral ones of this user among them."""
    world, user = _who(request)
    channel = world.channel(request.match_info["channel_id"])
    require(world.permissions(channel, user.id), Permission.READ_MESSAGE_HISTORY)
    shown = [m for m in world.messages[channel.id].values() if not m.deleted and m.visible_to in (None, user.id)]
    return ok([message_json(world, message) for message in shown])


@routes.post(r"/client/channels/{channel_id:\d+}/messages")
async def post_message(request: web.Request) -> web.Response:
    """Post a message as a person."""
    world, user = _who(request)
    channel = world.channel(request.match_info["channel_id"])
    limit = world.upload_limit(channel, user)
    body = await read_body(request, limit)
    payload = {key: value for key, value in body.payload.items() if key in PERSONS_FIELDS}
    draft = check_message(Body(payload, body.files), limit)
    posting.require_writing(world, channel, user.id, draft)
    _hold_to_slowmode(world, channel, user)
    return ok(message_json(world, posting.create(world, channel, user.id, draft)))


def _hold_to_slowmode(world: World, channel: Channel, user: User) -> None:
    """Raise Refusal 20016 for a person who writes again before the channel's slowmode is over."""
    last = max((m.created_at for m in world.messages[channel.id].values() if m.author_id == user.id), default=0.0)
    free = world.permissions(channel, user.id) & (Permission.MANAGE_MESSAGES | Permission.MANAGE_CHANNELS)
    if not free and world.now() - last < channel.rate_limit_per_user:
        raise Refusal(20016)


@routes.post("/client/attachments")
async def upload(request: web.Request) -> web.Response:
    """Keep a file that a person is about to send with a command or a modal."""
    world, user = _who(request)
    general = next(c for c in world.channels.values() if c.type is ChannelType.TEXT)
    limit = world.upload_limit(general, user)
    if (request.content_length or 0) > limit + FORM_SLACK:
        raise Refusal(40005)
    file = (await request.post()).get("file")
    if not isinstance(file, web.FileField):
        raise ValueError("The form has no field 'file'.")  # noqa: TRY004 - it is the request that is wrong
    data = await asyncio.to_thread(file.file.read)
    if len(data) > limit:
        raise Refusal(40005)
    name = safe_filename(file.filename)
    return ok(world.attachment_json(world.store_file(general.id, name, data, ephemeral=True, uploader_id=user.id)))


@routes.post("/client/interactions")
async def interact(request: web.Request) -> web.Response:
    """Use a command, a component, an autocompleted option or a modal."""
    world, user = _who(request)
    asked = await request.json()
    interaction = use(world, user, asked)
    if asked["type"] != 4:  # noqa: PLR2004 - autocomplete
        return ok({"interaction_id": interaction.id})
    await interaction.settled.wait()
    return ok({"interaction_id": interaction.id, "choices": interaction.choices or []})


@routes.post("/client/dm")
async def direct(request: web.Request) -> web.Response:
    """Answer with the channel of direct messages with the bot, opened if it is not yet."""
    world, user = _who(request)
    return ok(posting.open_dm(world, user).json(user.id))


@routes.post("/client/locale")
async def locale(request: web.Request) -> web.Response:
    """Set the language of a user's client."""
    _, user = _who(request)
    user.locale = (await request.json())["locale"]
    return ok({})


@routes.get("/client/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Stream what happens, as server-sent events."""
    world, user = _who(request)
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await answer.prepare(request)
    queue = world.events.listen(user.id)
    try:
        await answer.write(b": hello\n\n")
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                await answer.write(b": still here\n\n")
            else:
                if event is None:
                    break
                await answer.write(f"data: {json.dumps(event)}\n\n".encode())
    except (ConnectionError, asyncio.CancelledError):
        with contextlib.suppress(ConnectionError):
            await answer.write_eof()
    finally:
        world.events.forget(queue)
    return answer

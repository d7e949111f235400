"""The API of the chat page: a user's view of the guilds, uploads, messages, and interactions.

Paths and envelopes are this stand-in's own; the objects inside them are Discord's.
"""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.attachments import sanitize_filename
from demo.standins.discord.channels import Channel, ChannelType
from demo.standins.discord.client_actions import handle_client_action
from demo.standins.discord.client_validation import ForbiddenError
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.permissions import Permission, require_permission
from demo.standins.discord.rendering import render_message
from demo.standins.discord.request_body import FORM_OVERHEAD, RequestBody, read_message_body
from demo.standins.discord.responses import json_response
from demo.standins.discord.state import DiscordState
from demo.standins.discord.users import User
from demo.standins.discord.validate_messages import check_message
from demo.standins.discord.visible_commands import list_visible_commands

KEEP_ALIVE_SECONDS = 15.0
MESSAGE_FIELDS = ("content", "attachments", "message_reference")

routes = web.RouteTableDef()


@web.middleware
async def convert_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Turn errors on `/client` and `/control` paths into JSON with a message."""
    if not request.path.startswith(("/client", "/control")):
        answer: web.StreamResponse = await handler(request)
        return answer
    try:
        answer = await handler(request)
    except DiscordApiError as error:
        return json_response(error.to_json(), error.status)
    except (ForbiddenError, ValueError) as error:
        return json_response({"message": str(error), "code": 0}, 400)
    except KeyError as error:
        return json_response({"message": f"The field {error} is missing.", "code": 0}, 400)
    return answer


def _get_user(request: web.Request) -> tuple[DiscordState, User]:
    state = request.app[STATE]
    return state, state.find_user(request.query.get("user", "ada"))


def list_visible_channels(state: DiscordState, user: User) -> list[Channel]:
    """Return the channels, threads and DMs visible to a user."""
    return [c for c in state.channels.values() if state.compute_permissions(c, user.id) & Permission.VIEW_CHANNEL]


@routes.get("/client/bootstrap")
async def get_bootstrap(request: web.Request) -> web.Response:
    """Return everything that the page needs at start."""
    state, user = _get_user(request)
    return json_response(
        {
            "me": user.to_json(),
            "users": [other.to_json() for other in state.users.values()],
            "guilds": [
                {"id": guild.id, "name": guild.name, "roles": [role.to_json() for role in guild.roles.values()]}
                for guild in state.guilds.values()
                if user.id in guild.members
            ],
            "channels": [c.to_json(user.id) for c in list_visible_channels(state, user)],
            "application": {"id": state.application_id, "name": state.bot.name, "bot": state.bot.to_json()},
            "commands": list_visible_commands(state, user.id),
            "me_locale": user.locale,
        }
    )


@routes.get(r"/client/channels/{channel_id:\d+}/messages")
async def list_messages(request: web.Request) -> web.Response:
    """Return a channel's messages, oldest first, including this user's ephemeral ones."""
    state, user = _get_user(request)
    channel = state.get_channel(request.match_info["channel_id"])
    require_permission(state.compute_permissions(channel, user.id), Permission.READ_MESSAGE_HISTORY)
    visible = [m for m in state.messages[channel.id].values() if not m.is_deleted and m.visible_to in (None, user.id)]
    return json_response([render_message(state, message) for message in visible])


@routes.post(r"/client/channels/{channel_id:\d+}/messages")
async def post_message(request: web.Request) -> web.Response:
    """Post a message as a user."""
    state, user = _get_user(request)
    channel = state.get_channel(request.match_info["channel_id"])
    limit = state.get_upload_limit(channel, user)
    body = await read_message_body(request, limit)
    payload = {key: value for key, value in body.payload.items() if key in MESSAGE_FIELDS}
    draft = check_message(RequestBody(payload, body.files), limit)
    message_operations.require_send_permission(state, channel, user.id, draft)
    _enforce_slowmode(state, channel, user)
    return json_response(render_message(state, message_operations.create_message(state, channel, user.id, draft)))


def _enforce_slowmode(state: DiscordState, channel: Channel, user: User) -> None:
    """Raise DiscordApiError 20016 if the user posts again before the channel's slowmode has passed."""
    last = max((m.created_at for m in state.messages[channel.id].values() if m.author_id == user.id), default=0.0)
    exempt = state.compute_permissions(channel, user.id) & (Permission.MANAGE_MESSAGES | Permission.MANAGE_CHANNELS)
    if not exempt and state.now() - last < channel.rate_limit_per_user:
        raise DiscordApiError(20016)


@routes.post("/client/attachments")
async def upload_attachment(request: web.Request) -> web.Response:
    """Store a file that will be sent with a command or a modal."""
    state, user = _get_user(request)
    general = next(c for c in state.channels.values() if c.type is ChannelType.TEXT)
    limit = state.get_upload_limit(general, user)
    if (request.content_length or 0) > limit + FORM_OVERHEAD:
        raise DiscordApiError(40005)
    file = (await request.post()).get("file")
    if not isinstance(file, web.FileField):
        raise ValueError("The form has no field 'file'.")  # noqa: TRY004 - the request is wrong, not a type
    data = await asyncio.to_thread(file.file.read)
    if len(data) > limit:
        raise DiscordApiError(40005)
    name = sanitize_filename(file.filename)
    return json_response(
        state.render_attachment(state.store_file(general.id, name, data, ephemeral=True, uploader_id=user.id))
    )


@routes.post("/client/interactions")
async def post_interaction(request: web.Request) -> web.Response:
    """Create an interaction: a command, a component, autocomplete or a modal."""
    state, user = _get_user(request)
    payload = await request.json()
    interaction = handle_client_action(state, user, payload)
    if payload["type"] != 4:  # noqa: PLR2004 - autocomplete
        return json_response({"interaction_id": interaction.id})
    await interaction.settled.wait()
    return json_response({"interaction_id": interaction.id, "choices": interaction.choices or []})


@routes.post("/client/dm")
async def open_dm_channel(request: web.Request) -> web.Response:
    """Return the user's DM channel with the bot; open it if needed."""
    state, user = _get_user(request)
    return json_response(message_operations.open_dm_channel(state, user).to_json(user.id))


@routes.post("/client/locale")
async def set_locale(request: web.Request) -> web.Response:
    """Set the language of the user's client."""
    _, user = _get_user(request)
    user.locale = (await request.json())["locale"]
    return json_response({})


@routes.get("/client/events")
async def stream_events(request: web.Request) -> web.StreamResponse:
    """Stream events to the page as server-sent events."""
    state, user = _get_user(request)
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await answer.prepare(request)
    queue = state.events.subscribe_page(user.id)
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
        state.events.unsubscribe_page(queue)
    return answer

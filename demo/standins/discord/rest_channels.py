"""REST: channels and threads: read, edit, delete, add members. Threads are created in rest_threads.py.

https://discord.com/developers/docs/resources/channel
"""

from typing import Any

from aiohttp import web

from demo.standins.discord import message_operations
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.channels import AUTO_ARCHIVE_MINUTES, Channel, ChannelType
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.permissions import Permission, require_permission
from demo.standins.discord.request_body import read_json_object
from demo.standins.discord.responses import json_response, no_content_response
from demo.standins.discord.state import DiscordState

CHANNEL_PATH = r"/channels/{channel_id:\d+}"
MAX_THREAD_MEMBERS = 1000
MAX_FORUM_TAGS = 20
MAX_TAG_NAME = 20
MAX_APPLIED_TAGS = 5
_CHANGEABLE_FIELDS = (
    *("name", "archived", "locked", "invitable", "auto_archive_duration", "rate_limit_per_user", "topic", "nsfw"),
)

routes = web.RouteTableDef()


def load_channel(request: web.Request, needed: Permission = Permission.VIEW_CHANNEL) -> tuple[DiscordState, Channel]:
    """Return the state and the channel of the path; raises DiscordApiError 10003, 50001 or 50013."""
    state = request.app[STATE]
    channel = state.get_channel(request.match_info["channel_id"])
    require_permission(state.compute_permissions(channel, state.bot.id), needed)
    return state, channel


@routes.get(CHANNEL_PATH)
async def get_channel(request: web.Request) -> web.Response:
    """Return a channel or thread."""
    state, channel = load_channel(request)
    return json_response(channel.to_json(state.bot.id))


@routes.patch(CHANNEL_PATH)
async def edit_channel(request: web.Request) -> web.Response:
    """Edit a channel (needs MANAGE_CHANNELS) or a thread (needs MANAGE_THREADS, unless the bot owns it)."""
    state, channel = load_channel(request)
    body = await read_json_object(request)
    form = FormValidator()
    form.check_text(("name",), body.get("name"), 1, 100)
    form.check_number(("rate_limit_per_user",), body.get("rate_limit_per_user"), 0, 21_600)
    form.check_choice(("auto_archive_duration",), body.get("auto_archive_duration"), AUTO_ARCHIVE_MINUTES)
    for key in ("archived", "locked", "invitable", "nsfw"):
        form.check_flag((key,), body.get(key))
    _check_tags(form, body)
    if channel.is_thread:
        check_applied_tags(form, body, state.channels.get(channel.parent_id or ""))
    form.raise_if_invalid()
    if channel.is_thread:
        _check_thread_edit(state, channel, body)
    else:
        require_permission(state.compute_permissions(channel, state.bot.id), Permission.MANAGE_CHANNELS)
    apply_channel_changes(state, channel, body)
    return json_response(channel.to_json(state.bot.id))


def _check_tags(form: FormValidator, body: dict[str, Any]) -> None:
    """Check the `available_tags` of a forum."""
    for place, tag in enumerate(form.check_objects(("available_tags",), body.get("available_tags"), 0, MAX_FORUM_TAGS)):
        form.check_text(("available_tags", place, "name"), tag.get("name"), 1, MAX_TAG_NAME, required=True)


def check_applied_tags(form: FormValidator, body: dict[str, Any], forum: Channel | None) -> None:
    """Check the `applied_tags` of a post: at most five tags of its forum."""
    tags = [str(tag) for tag in form.check_items(("applied_tags",), body.get("applied_tags"), 0, MAX_APPLIED_TAGS)]
    if not set(tags) <= {tag["id"] for tag in (forum.available_tags if forum else ())}:
        form.add_error(("applied_tags",), "INVALID_FORUM_TAG", "Unknown tag")


def _check_thread_edit(state: DiscordState, thread: Channel, body: dict[str, Any]) -> None:
    """Raise DiscordApiError 50013, 50083 (the thread stays archived) or 160006 if this edit is not allowed."""
    bits = state.compute_permissions(thread, state.bot.id)
    is_moderator = bool(bits & Permission.MANAGE_THREADS)
    unarchives = body.get("archived") is False
    only_unarchives = (
        unarchives and set(body) <= {"archived"} and not thread.locked and bits & Permission.SEND_MESSAGES_IN_THREADS
    )
    if not (
        is_moderator
        or only_unarchives
        or (thread.owner_id == state.bot.id and not thread.locked and "locked" not in body)
    ):
        raise DiscordApiError(50013)
    if thread.archived and not unarchives and set(body) - {"archived", "locked"}:
        raise DiscordApiError(50083)
    if thread.archived and unarchives:
        check_thread_limit(state, thread)


def apply_channel_changes(state: DiscordState, channel: Channel, body: dict[str, Any]) -> None:
    """Set the given fields of a channel and send the event."""
    if body.get("archived") is not None and body["archived"] != channel.archived:
        channel.archive_changed_at = state.now()
    if body.get("available_tags") is not None:
        fresh = {"moderated": False, "emoji_id": None, "emoji_name": None}
        channel.available_tags = [
            {**fresh, **tag, "id": str(tag.get("id") or state.generate_id())} for tag in body["available_tags"]
        ]
    if body.get("applied_tags") is not None:
        channel.applied_tags = [str(tag) for tag in body["applied_tags"]]
    for key in _CHANGEABLE_FIELDS:
        if body.get(key) is not None:
            setattr(channel, key, body[key])
    message_operations.dispatch_channel(state, "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)


@routes.delete(CHANNEL_PATH)
async def delete_channel(request: web.Request) -> web.Response:
    """Delete a channel or thread, or close a DM."""
    state, channel = load_channel(request)
    needed = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
    if channel.type is ChannelType.DM:
        return json_response(channel.to_json())
    require_permission(state.compute_permissions(channel, state.bot.id), needed)
    rendered = channel.to_json(state.bot.id)
    remove_channel(state, channel)
    return json_response(rendered)


def remove_channel(state: DiscordState, channel: Channel) -> None:
    """Delete a channel and its threads and send the events."""
    for thread in [c for c in state.channels.values() if c.parent_id == channel.id and c.is_thread]:
        remove_channel(state, thread)
    message_operations.dispatch_channel(state, "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
    for message in state.messages[channel.id].values():
        message.is_deleted = True
        for attachment in message.attachments:
            attachment.is_deleted = True
    del state.channels[channel.id]


def check_thread_limit(state: DiscordState, channel: Channel) -> None:
    """Raise DiscordApiError 160006 if the channel's guild has reached its limit of active threads."""
    active = sum(c.is_thread and not c.archived and c.guild_id == channel.guild_id for c in state.channels.values())
    if active >= state.get_guild(channel).max_active_threads:
        raise DiscordApiError(160006)


@routes.put(CHANNEL_PATH + "/thread-members/{user_id}")
async def add_thread_member(request: web.Request) -> web.Response:
    """Add a user or the bot itself to a thread that is not archived."""
    state, thread = load_channel(request, Permission.VIEW_CHANNEL)
    if not thread.is_thread:
        raise DiscordApiError(50024)
    if thread.archived:
        raise DiscordApiError(50083)
    user_id = request.match_info["user_id"].replace("@me", state.bot.id)
    if user_id not in state.users:
        raise DiscordApiError(10013)
    if user_id not in state.get_guild(thread).members:
        raise DiscordApiError(10007)
    if user_id != state.bot.id:
        require_permission(state.compute_permissions(thread, state.bot.id), Permission.SEND_MESSAGES_IN_THREADS)
    if len(thread.members) >= MAX_THREAD_MEMBERS:
        raise DiscordApiError(30033)
    thread.members.setdefault(user_id, state.now())
    message_operations.dispatch_channel(state, "THREAD_UPDATE", thread)
    return no_content_response()


@routes.get(CHANNEL_PATH + "/thread-members")
async def list_thread_members(request: web.Request) -> web.Response:
    """Return the members of a thread."""
    _, thread = load_channel(request)
    if not thread.is_thread:
        raise DiscordApiError(50024)
    return json_response([thread.member_to_json(user_id) for user_id in thread.members])

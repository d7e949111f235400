"""Creates, edits and deletes messages, and sends the events to the bot and to chat pages.

https://discord.com/developers/docs/resources/message
"""

from typing import Any

from demo.standins.discord.attachments import Attachment
from demo.standins.discord.channels import Channel, ChannelType
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.event_dispatcher import Intent
from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.message import Message, MessageFlag, MessageType
from demo.standins.discord.permissions import Permission, require_permission
from demo.standins.discord.rendering import redact_for_bot, render_message
from demo.standins.discord.state import DiscordState
from demo.standins.discord.users import User
from demo.standins.discord.validate_messages import SETTABLE_FLAGS, ExistingFile, MessageDraft


def require_send_permission(state: DiscordState, channel: Channel, user_id: str, draft: MessageDraft) -> None:
    """Raise DiscordApiError 50001, 50013, 160002, 160005 or 50008 if the user may not post this draft here."""
    bits = state.compute_permissions(channel, user_id)
    send = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    require_permission(bits, send)
    if channel.type in (ChannelType.CATEGORY, ChannelType.FORUM):
        raise DiscordApiError(50008)
    if channel.locked and not bits & Permission.MANAGE_THREADS:
        raise DiscordApiError(160005)
    if draft.files:
        require_permission(bits, Permission.ATTACH_FILES)
    if draft.embeds:
        require_permission(bits, Permission.EMBED_LINKS)
    if draft.reference and not bits & Permission.READ_MESSAGE_HISTORY:
        raise DiscordApiError(160002)


def find_referenced_message(state: DiscordState, channel: Channel, draft: MessageDraft) -> Message | None:
    """Return the message that a draft replies to; raises DiscordApiError 50035 if it is unknown in this channel."""
    if draft.reference is None:
        return None
    replied_to = state.messages[channel.id].get(str(draft.reference["message_id"]))
    if replied_to is not None and not replied_to.is_deleted and not replied_to.visible_to:
        return replied_to
    if draft.reference.get("fail_if_not_exists", True) is False:
        return None
    form = FormValidator()
    form.add_error(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    form.raise_if_invalid()
    return None


def create_message(
    state: DiscordState, channel: Channel, author_id: str, draft: MessageDraft, **fields: Any
) -> Message:
    """Post a message; `fields` sets further fields, such as type, interaction_id, visible_to and flags."""
    fields.setdefault("flags", 0)
    fields["flags"] |= draft.flags & SETTABLE_FLAGS
    identity = fields.pop("id", None) or state.generate_id()
    message = Message(identity, channel.id, author_id, state.now(), **fields)
    replied_to = find_referenced_message(state, channel, draft)
    if replied_to is not None:
        message.type = MessageType.REPLY
        message.reference_id, message.reference_channel_id = replied_to.id, replied_to.channel_id
    message.content = (draft.content or "").strip()
    message.embeds, message.components = draft.embeds or [], draft.components or []
    message.allowed_mentions = get_allowed_mentions(draft, by_interaction=message.interaction_id is not None)
    message.tts = draft.tts
    message.attachments = _attach_files(state, message, draft)
    add_message(state, message, draft.nonce)
    return message


def get_allowed_mentions(draft: MessageDraft, *, by_interaction: bool) -> dict[str, Any]:
    """Return the allowed mentions; by default only users for interactions, everyone for other messages.

    https://discord.com/developers/docs/resources/message#allowed-mentions-object
    """
    if draft.allowed_mentions is not None:
        return draft.allowed_mentions
    if by_interaction:
        return {"parse": ["users"]}
    return {"parse": ["users", "roles", "everyone"], "replied_user": True}


def add_message(state: DiscordState, message: Message, nonce: str | int | None = None) -> None:
    """Add a message to its channel and send the event; an archived thread is unarchived."""
    channel = state.channels[message.channel_id]
    state.messages[channel.id][message.id] = message
    if not message.visible_to:
        channel.last_message_id = message.id
        if channel.is_thread:
            channel.message_count += 1
            channel.total_message_sent += 1
            channel.members.setdefault(message.author_id, state.now())
            if channel.archived:
                channel.archived, channel.archive_changed_at = False, state.now()
                dispatch_channel(state, "THREAD_UPDATE", channel)
    dispatch_message(state, "MESSAGE_CREATE", message, nonce)


def edit_message(state: DiscordState, message: Message, draft: MessageDraft) -> Message:
    """Change the fields that a draft sets; the first edit of a loading message is not marked as edited."""
    if message.has_flag(MessageFlag.LOADING):
        message.flags &= ~MessageFlag.LOADING
    else:
        message.edited_at = state.now()
    if draft.content is not None:
        message.content = draft.content.strip()
    if draft.embeds is not None:
        message.embeds = draft.embeds
    if draft.components is not None:
        message.components = draft.components
    if draft.content is not None or draft.allowed_mentions is not None:
        message.allowed_mentions = get_allowed_mentions(draft, by_interaction=message.interaction_id is not None)
    if draft.files is not None:
        message.attachments = _attach_files(state, message, draft)
    message.flags |= draft.flags & SETTABLE_FLAGS
    dispatch_message(state, "MESSAGE_UPDATE", message)
    return message


def delete_message(state: DiscordState, message: Message) -> None:
    """Delete a message; its files can no longer be fetched."""
    message.is_deleted = True
    for attachment in message.attachments:
        attachment.is_deleted = True
    channel = state.channels[message.channel_id]
    if channel.is_thread and not message.visible_to:
        channel.message_count -= 1
    body = {"id": message.id, "channel_id": channel.id}
    if channel.guild_id:
        body["guild_id"] = channel.guild_id
    _dispatch_event(state, "MESSAGE_DELETE", message, body, body)


def dispatch_message(state: DiscordState, name: str, message: Message, nonce: str | int | None = None) -> None:
    """Send a message event to the bot, if its intents cover it, and to every page that can see the message."""
    body = render_message(state, message)
    if nonce is not None:
        body["nonce"] = nonce
    channel = state.channels[message.channel_id]
    for_gateway = redact_for_bot(state, message, body)
    if channel.guild_id:
        member = state.get_guild(channel).members.get(message.author_id)
        for_gateway = {**for_gateway, "guild_id": channel.guild_id}
        for_gateway |= {"member": member.to_partial_json()} if member else {}
    _dispatch_event(state, name, message, for_gateway, body)


def dispatch_channel(state: DiscordState, name: str, channel: Channel, **more: Any) -> None:
    """Send a channel or thread event to the bot and to every page that can see the channel."""
    if channel.guild_id and state.get_guild(channel).is_bot_present:
        state.events.send_to_bot(name, channel.to_json(state.bot.id) | more, Intent.GUILDS, channel.guild_id)
    for user_id in state.events.list_page_users():
        if state.compute_permissions(channel, user_id) & Permission.VIEW_CHANNEL:
            state.events.send_to_user(user_id, name, channel.to_json(user_id))


def open_dm_channel(state: DiscordState, user: User) -> Channel:
    """Return the bot's DM channel with a user, and send it to their pages."""
    channel = state.get_dm_channel(user)
    dispatch_channel(state, "CHANNEL_CREATE", channel)
    return channel


def _dispatch_event(
    state: DiscordState, name: str, message: Message, to_bot: dict[str, Any], to_page: dict[str, Any]
) -> None:
    channel = state.channels[message.channel_id]
    bot_can_see = state.compute_permissions(channel, state.bot.id) & Permission.VIEW_CHANNEL
    if bot_can_see and not message.visible_to:
        intent = Intent.GUILD_MESSAGES if channel.guild_id else Intent.DIRECT_MESSAGES
        state.events.send_to_bot(name, to_bot, intent, channel.guild_id)
    for user_id in state.events.list_page_users():
        if message.visible_to not in (None, user_id):
            continue
        if state.compute_permissions(channel, user_id) & Permission.VIEW_CHANNEL:
            state.events.send_to_user(user_id, name, to_page)


def _attach_files(state: DiscordState, message: Message, draft: MessageDraft) -> list[Attachment]:
    """Store a draft's new files and keep the existing ones it lists; delete the others."""
    attachments: list[Attachment] = []
    for file in draft.files or []:
        if isinstance(file, ExistingFile):
            if file.description is not None:
                file.attachment.description = file.description
            attachments.append(file.attachment)
            continue
        attachments.append(
            state.store_file(
                message.channel_id,
                file.filename,
                file.data,
                description=file.description,
                title=file.title,
                spoiler=file.spoiler,
                ephemeral=message.visible_to is not None,
            )
        )
    for attachment in message.attachments:
        attachment.is_deleted = attachment not in attachments
    return attachments

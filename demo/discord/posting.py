"""Making, editing and deleting messages, and telling everyone who may know.

https://discord.com/developers/docs/resources/message
"""

from typing import Any

from demo.discord.attachments import Attachment
from demo.discord.channels import Channel, ChannelType
from demo.discord.errors import Refusal
from demo.discord.events import Intent
from demo.discord.form import Form
from demo.discord.message import Message, MessageFlag, MessageType
from demo.discord.people import User
from demo.discord.permissions import Permission, require
from demo.discord.rendering import for_bot, message_json
from demo.discord.validate_messages import SETTABLE, Draft, KeptFile
from demo.discord.world import World


def require_writing(world: World, channel: Channel, user_id: str, draft: Draft) -> None:
    """Raise the Refusal that an account meets which may not post this here: 50001, 50013, 160002, 160005, 50008."""
    bits = world.permissions(channel, user_id)
    send = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    require(bits, send)
    if channel.type in (ChannelType.CATEGORY, ChannelType.FORUM):
        raise Refusal(50008)
    if channel.locked and not bits & Permission.MANAGE_THREADS:
        raise Refusal(160005)
    if draft.files:
        require(bits, Permission.ATTACH_FILES)
    if draft.embeds:
        require(bits, Permission.EMBED_LINKS)
    if draft.reference and not bits & Permission.READ_MESSAGE_HISTORY:
        raise Refusal(160002)


def referenced_message(world: World, channel: Channel, draft: Draft) -> Message | None:
    """Return the message a draft answers; raises Refusal 50035 for one that is unknown here."""
    if draft.reference is None:
        return None
    answered = world.messages[channel.id].get(str(draft.reference["message_id"]))
    if answered is not None and not answered.deleted and not answered.visible_to:
        return answered
    if draft.reference.get("fail_if_not_exists", True) is False:
        return None
    form = Form()
    form.fault(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    form.refuse_if_faulty()
    return None


def create(world: World, channel: Channel, author_id: str, draft: Draft, **known: Any) -> Message:
    """Post a message; known sets further fields of it (type, interaction_id, visible_to, flags...)."""
    known.setdefault("flags", 0)
    known["flags"] |= draft.flags & SETTABLE
    identity = known.pop("id", None) or world.mint()
    message = Message(identity, channel.id, author_id, world.now(), **known)
    answered = referenced_message(world, channel, draft)
    if answered is not None:
        message.type = MessageType.REPLY
        message.reference_id, message.reference_channel_id = answered.id, answered.channel_id
    message.content = (draft.content or "").strip()
    message.embeds, message.components = draft.embeds or [], draft.components or []
    message.allowed_mentions = mentions_of(draft, by_interaction=message.interaction_id is not None)
    message.tts = draft.tts
    message.attachments = _attach(world, message, draft)
    add(world, message, draft.nonce)
    return message


def mentions_of(draft: Draft, *, by_interaction: bool) -> dict[str, Any]:
    """Return who may be mentioned: what the request says, else users only for interactions and all for messages.

    https://discord.com/developers/docs/resources/message#allowed-mentions-object
    """
    if draft.allowed_mentions is not None:
        return draft.allowed_mentions
    if by_interaction:
        return {"parse": ["users"]}
    return {"parse": ["users", "roles", "everyone"], "replied_user": True}


def add(world: World, message: Message, nonce: str | int | None = None) -> None:
    """Put a made message into its channel and tell it; a thread that was archived wakes up."""
    channel = world.channels[message.channel_id]
    world.messages[channel.id][message.id] = message
    if not message.visible_to:
        channel.last_message_id = message.id
        if channel.is_thread:
            channel.message_count += 1
            channel.total_message_sent += 1
            channel.members.setdefault(message.author_id, world.now())
            if channel.archived:
                channel.archived, channel.archive_changed_at = False, world.now()
                tell_channel(world, "THREAD_UPDATE", channel)
    tell(world, "MESSAGE_CREATE", message, nonce)


def edit(world: World, message: Message, draft: Draft) -> Message:
    """Change what a draft speaks of; the first edit of a loading message is its answer and not marked as an edit."""
    if message.has(MessageFlag.LOADING):
        message.flags &= ~MessageFlag.LOADING
    else:
        message.edited_at = world.now()
    if draft.content is not None:
        message.content = draft.content.strip()
    if draft.embeds is not None:
        message.embeds = draft.embeds
    if draft.components is not None:
        message.components = draft.components
    if draft.content is not None or draft.allowed_mentions is not None:
        message.allowed_mentions = mentions_of(draft, by_interaction=message.interaction_id is not None)
    if draft.files is not None:
        message.attachments = _attach(world, message, draft)
    message.flags |= draft.flags & SETTABLE
    tell(world, "MESSAGE_UPDATE", message)
    return message


def delete(world: World, message: Message) -> None:
    """Delete a message; its files can no longer be fetched."""
    message.deleted = True
    for attachment in message.attachments:
        attachment.deleted = True
    channel = world.channels[message.channel_id]
    if channel.is_thread and not message.visible_to:
        channel.message_count -= 1
    body = {"id": message.id, "channel_id": channel.id}
    if channel.guild_id:
        body["guild_id"] = channel.guild_id
    _tell_body(world, "MESSAGE_DELETE", message, body, body)


def tell(world: World, name: str, message: Message, nonce: str | int | None = None) -> None:
    """Tell a message to the bot (if its intents cover it) and to every page that may see it."""
    body = message_json(world, message)
    if nonce is not None:
        body["nonce"] = nonce
    channel = world.channels[message.channel_id]
    for_gateway = for_bot(world, message, body)
    if channel.guild_id:
        member = world.guild_of(channel).members.get(message.author_id)
        for_gateway = {**for_gateway, "guild_id": channel.guild_id}
        for_gateway |= {"member": member.partial_json()} if member else {}
    _tell_body(world, name, message, for_gateway, body)


def tell_channel(world: World, name: str, channel: Channel, **more: Any) -> None:
    """Tell a change of a channel or thread to the bot and to every page that may see it."""
    if channel.guild_id and world.guild_of(channel).bot_present:
        world.events.to_bot(name, channel.json(world.bot.id) | more, Intent.GUILDS, channel.guild_id)
    for user_id in world.events.listening():
        if world.permissions(channel, user_id) & Permission.VIEW_CHANNEL:
            world.events.to_user(user_id, name, channel.json(user_id))


def open_dm(world: World, user: User) -> Channel:
    """Return the channel of the bot's direct messages with a user, and tell it to their pages."""
    channel = world.dm_with(user)
    tell_channel(world, "CHANNEL_CREATE", channel)
    return channel


def _tell_body(world: World, name: str, message: Message, to_bot: dict[str, Any], to_page: dict[str, Any]) -> None:
    channel = world.channels[message.channel_id]
    seen = world.permissions(channel, world.bot.id) & Permission.VIEW_CHANNEL
    if seen and not message.visible_to:
        intent = Intent.GUILD_MESSAGES if channel.guild_id else Intent.DIRECT_MESSAGES
        world.events.to_bot(name, to_bot, intent, channel.guild_id)
    for user_id in world.events.listening():
        if message.visible_to not in (None, user_id):
            continue
        if world.permissions(channel, user_id) & Permission.VIEW_CHANNEL:
            world.events.to_user(user_id, name, to_page)


def _attach(world: World, message: Message, draft: Draft) -> list[Attachment]:
    """Store the new files of a draft and keep the old ones it lists; those left out are gone."""
    found: list[Attachment] = []
    for file in draft.files or []:
        if isinstance(file, KeptFile):
            if file.description is not None:
                file.attachment.description = file.description
            found.append(file.attachment)
            continue
        found.append(
            world.store_file(
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
        attachment.deleted = attachment not in found
    return found

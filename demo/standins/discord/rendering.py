"""Renders messages as Discord's message objects: URLs freshly signed, media resolved, content only where allowed.

https://discord.com/developers/docs/resources/message#message-object
https://discord.com/developers/docs/events/gateway#message-content-intent
"""

import copy
import re
from typing import Any

from demo.standins.discord.components import ComponentType, walk_components
from demo.standins.discord.interaction import Interaction, InteractionType
from demo.standins.discord.media import find_attachment, iter_embed_media, iter_media
from demo.standins.discord.message import Message, MessageFlag, MessageType
from demo.standins.discord.permissions import Permission
from demo.standins.discord.snowflake import format_timestamp
from demo.standins.discord.state import DiscordState

EVERYONE_PATTERN = re.compile("@(?:everyone|here)")
USER_MENTION_PATTERN = re.compile(r"<@!?(\d+)>")


def render_message(state: DiscordState, message: Message, *, nested: bool = False) -> dict[str, Any]:
    """Return the message object; a nested one omits the message that it replies to."""
    used, components, embeds = _resolve_media(state, message)
    mentioned = _find_mentioned_users(state, message)
    body: dict[str, Any] = {
        "id": message.id,
        "type": int(message.type),
        "channel_id": message.channel_id,
        "author": state.users[message.author_id].to_json(),
        "content": message.content,
        "timestamp": format_timestamp(message.created_at),
        "edited_timestamp": format_timestamp(message.edited_at) if message.edited_at else None,
        "tts": message.tts,
        "mention_everyone": _is_everyone_mentioned(state, message),
        "mentions": mentioned,
        "mention_roles": [],
        "attachments": [state.render_attachment(a) for a in message.attachments if a.id not in used],
        "embeds": embeds,
        "components": components,
        "pinned": False,
        "flags": message.flags,
    }
    if message.interaction_id:
        interaction = state.interactions[message.interaction_id]
        body |= {"application_id": state.application_id, "webhook_id": state.application_id}
        body["interaction_metadata"] = render_interaction_metadata(state, interaction, message.id)
        if interaction.type is InteractionType.APPLICATION_COMMAND and interaction.original_response_id == message.id:
            body["interaction"] = {
                "id": interaction.id,
                "type": int(interaction.type),
                "name": interaction.command_name,
                "user": state.users[interaction.user_id].to_json(),
            }
    if message.reference_id:
        body["message_reference"] = {
            "type": 0,
            "message_id": message.reference_id,
            "channel_id": message.reference_channel_id,
            **({"guild_id": guild} if (guild := state.channels[message.channel_id].guild_id) else {}),
        }
        if message.type is MessageType.REPLY and not nested:
            replied_to = state.messages.get(message.reference_channel_id or "", {}).get(message.reference_id)
            is_deleted = replied_to is None or replied_to.is_deleted
            body["referenced_message"] = (
                None if is_deleted or replied_to is None else render_message(state, replied_to, nested=True)
            )
    if message.thread_id and message.thread_id in state.channels:
        body["thread"] = state.channels[message.thread_id].to_json(state.bot.id)
    if state.channels[message.channel_id].is_thread:
        body["position"] = list(state.messages[message.channel_id]).index(message.id)
    return body


def redact_for_bot(state: DiscordState, message: Message, body: dict[str, Any]) -> dict[str, Any]:
    """Blank the content that needs the MESSAGE_CONTENT intent: other users' in guilds, unless it mentions the bot."""
    own = message.author_id == state.bot.id or state.channels[message.channel_id].guild_id is None
    if own or any(user["id"] == state.bot.id for user in body["mentions"]):
        return body
    return {**body, "content": "", "embeds": [], "attachments": [], "components": []}


def render_interaction_metadata(
    state: DiscordState, interaction: Interaction, message_id: str | None = None
) -> dict[str, Any]:
    """Return the interaction metadata of a message."""
    body: dict[str, Any] = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user": state.users[interaction.user_id].to_json(),
        "authorizing_integration_owners": {"0": interaction.guild_id or "0"},
    }
    if message_id and interaction.original_response_id not in (None, message_id):
        body["original_response_message_id"] = interaction.original_response_id
    if interaction.type is InteractionType.MESSAGE_COMPONENT:
        body["interacted_message_id"] = interaction.message_id
    if interaction.type is InteractionType.MODAL_SUBMIT and interaction.parent:
        body["triggering_interaction_metadata"] = render_interaction_metadata(state, interaction.parent)
    if interaction.data.get("target_id") and interaction.data.get("type") == 3:  # noqa: PLR2004 - a MESSAGE command
        body["target_message_id"] = interaction.data["target_id"]
    return body


def _resolve_media(
    state: DiscordState, message: Message
) -> tuple[set[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the ids of attachments shown in components or embeds, and both with their media resolved.

    An attachment that a component or an embed shows is not in `attachments`; a Components V2 message lists none at
    all (https://github.com/discord/discord-api-docs/issues/8277).
    """
    used: set[str] = set()
    components, embeds = copy.deepcopy(message.components), copy.deepcopy(message.embeds)
    for _, media in iter_media(components):
        attachment = find_attachment(media["url"], message.attachments)
        if attachment is None:
            media |= {"proxy_url": media["url"], "width": None, "height": None, "content_type": None}
            media.setdefault("id", message.id)
            continue
        used.add(attachment.id)
        rendered = state.render_attachment(attachment)
        media |= {
            "id": attachment.id,
            "url": rendered["url"],
            "proxy_url": rendered["proxy_url"],
            "width": attachment.width,
            "height": attachment.height,
            "content_type": attachment.content_type,
            "loading_state": 2,
            "flags": int(attachment.is_animated),
            "attachment_id": attachment.id,
        }
    for component in walk_components(components):
        if component["type"] == ComponentType.FILE:
            file = next((a for a in message.attachments if a.id == component["file"]["id"]), None)
            component |= {"name": file.filename if file else None, "size": len(file.data) if file else None}
    for embed in embeds:
        for (part, key), holder in iter_embed_media(embed):
            attachment = find_attachment(holder[key], message.attachments)
            if attachment:
                used.add(attachment.id)
                rendered = state.render_attachment(attachment)
                holder |= {key: rendered["url"], f"proxy_{key}": rendered["proxy_url"]}
                if part in ("image", "thumbnail") and attachment.width:
                    holder |= {"width": attachment.width, "height": attachment.height}
            else:
                holder[f"proxy_{key}"] = holder[key]
    if message.has_flag(MessageFlag.IS_COMPONENTS_V2):
        used = {attachment.id for attachment in message.attachments}
    return used, components, embeds


def _collect_text(message: Message) -> str:
    """Return all text that can contain mentions: the content and, with Components V2, the text displays."""
    displayed = [c["content"] for c in walk_components(message.components) if c["type"] == ComponentType.TEXT_DISPLAY]
    return "\n".join([message.content, *displayed])


def _find_mentioned_users(state: DiscordState, message: Message) -> list[dict[str, Any]]:
    """Return the mentioned users and the author replied to, as far as allowed_mentions permits."""
    allowed = message.allowed_mentions
    all_users_allowed, allowed_ids = (
        "users" in (allowed.get("parse") or []),
        {str(u) for u in allowed.get("users") or []},
    )
    ids = [
        i
        for i in dict.fromkeys(USER_MENTION_PATTERN.findall(_collect_text(message)))
        if all_users_allowed or i in allowed_ids
    ]
    replied_to = state.messages.get(message.reference_channel_id or "", {}).get(message.reference_id or "")
    if replied_to and allowed.get("replied_user") and replied_to.author_id not in ids:
        ids.append(replied_to.author_id)
    return [state.users[i].to_json() for i in ids if i in state.users]


def _is_everyone_mentioned(state: DiscordState, message: Message) -> bool:
    """Tell whether @everyone or @here counts: the request and the author's permissions must allow it."""
    bits = state.compute_permissions(state.channels[message.channel_id], message.author_id)
    mentions_everyone = EVERYONE_PATTERN.search(_collect_text(message)) and "everyone" in (
        message.allowed_mentions.get("parse") or []
    )
    return bool(mentions_everyone and bits & Permission.MENTION_EVERYONE)

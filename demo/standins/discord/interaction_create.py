"""Creates interactions, sends them to the bot, and fails them if the bot does not respond in time.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
"""

import asyncio
import base64
import secrets
from typing import Any

from demo.standins.discord.channels import Channel
from demo.standins.discord.interaction import Interaction, InteractionType
from demo.standins.discord.permissions import compute_guild_permissions
from demo.standins.discord.rendering import render_message
from demo.standins.discord.snowflake import is_snowflake
from demo.standins.discord.state import DiscordState

USER_COMMAND, FILE_UPLOAD = 2, 19
REFERENCE_KINDS = {6: "user", 7: "channel", 8: "role", 9: "mentionable", 11: "attachment"}
SELECT_KINDS = {5: "user", 6: "role", 7: "mentionable", 8: "channel"}


def create_interaction(
    state: DiscordState,
    kind: InteractionType,
    user_id: str,
    channel: Channel,
    data: dict[str, Any],
    *,
    message_id: str | None = None,
    parent: Interaction | None = None,
) -> Interaction:
    """Create an interaction, send it to the bot, and fail it if no response comes in time."""
    identity = state.generate_id()
    token = base64.urlsafe_b64encode(f"interaction:{identity}:{secrets.token_hex(48)}".encode()).decode().rstrip("=")
    interaction = Interaction(
        identity,
        token,
        kind,
        user_id,
        channel.id,
        channel.guild_id,
        data,
        state.now(),
        message_id=message_id,
        parent=parent,
    )
    state.interactions[identity] = state.interactions_by_token[token] = interaction
    state.events.send_to_bot("INTERACTION_CREATE", render_interaction(state, interaction), 0, channel.guild_id)
    asyncio.get_running_loop().call_later(state.settings.acknowledge_seconds, _expire_interaction, state, interaction)
    return interaction


def _expire_interaction(state: DiscordState, interaction: Interaction) -> None:
    """Fail an interaction that was not acknowledged in time; its token becomes invalid."""
    if interaction.is_acknowledged:
        return
    interaction.has_failed = True
    interaction.settled.set()
    if interaction.type is not InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE:
        state.events.send_to_user(interaction.user_id, "INTERACTION_FAILURE", {"id": interaction.id})


def render_interaction(state: DiscordState, interaction: Interaction) -> dict[str, Any]:
    """Return the INTERACTION_CREATE event."""
    user = state.users[interaction.user_id]
    channel = state.channels[interaction.channel_id]
    limit = state.get_upload_limit(channel, user)
    permissions = state.compute_permissions(channel, user.id)
    data = {**interaction.data, **_render_resolved(state, interaction)}
    body: dict[str, Any] = {
        "id": interaction.id,
        "application_id": state.application_id,
        "type": int(interaction.type),
        "token": interaction.token,
        "version": 1,
        "data": data,
        "channel_id": channel.id,
        "channel": {**channel.to_json(), "permissions": str(permissions)},
        "locale": user.locale,
        "app_permissions": str(state.compute_permissions(channel, state.bot.id)),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": limit,
    }
    if channel.guild_id:
        guild = state.get_guild(channel)
        member = guild.members[user.id]
        body |= {
            "guild_id": channel.guild_id,
            "guild": {"id": guild.id, "locale": guild.preferred_locale, "features": []},
            "guild_locale": guild.preferred_locale,
            "member": {**member.to_json(), "permissions": str(permissions)},
            "authorizing_integration_owners": {"0": guild.id},
            "context": 0,
        }
    else:
        body |= {"user": user.to_json(), "authorizing_integration_owners": {"0": "0"}, "context": 1}
    if interaction.message_id:
        body["message"] = render_message(state, state.messages[channel.id][interaction.message_id])
    return body


def _render_resolved(state: DiscordState, interaction: Interaction) -> dict[str, Any]:
    """Return `{"resolved": ...}` for all ids in the data, or an empty object if there are none."""
    data = interaction.data
    references = _collect_referenced_ids(data)
    if data.get("target_id"):
        references.append(("user" if data["type"] == USER_COMMAND else "message", [data["target_id"]]))
    found: dict[str, dict[str, Any]] = {}
    for kind, ids in references:
        for key in ids:
            for group, value in _render_objects(state, interaction, kind, key).items():
                found.setdefault(group, {})[key] = value
    return {"resolved": found} if found else {}


def _render_objects(state: DiscordState, interaction: Interaction, kind: str, key: str) -> dict[str, dict[str, Any]]:
    """Return the objects for one id, by their group in `resolved`."""
    found: dict[str, dict[str, Any]] = {}
    guild = state.guilds.get(interaction.guild_id or "")
    if kind == "attachment" and key in state.attachments:
        found["attachments"] = state.render_attachment(state.attachments[key])
    elif kind == "message":
        found["messages"] = render_message(state, state.get_message(interaction.channel_id, key))
    elif kind == "channel" and key in state.channels:
        bits = str(state.compute_permissions(state.channels[key], interaction.user_id))
        found["channels"] = {**state.channels[key].to_json(), "permissions": bits}
    elif kind in ("role", "mentionable") and guild and key in guild.roles:
        found["roles"] = guild.roles[key].to_json()
    elif kind in ("user", "mentionable") and key in state.users:
        found["users"] = state.users[key].to_json()
        if guild and key in guild.members:
            bits = str(compute_guild_permissions(guild, key))
            found["members"] = {**guild.members[key].to_partial_json(), "permissions": bits}
    return found


def _collect_referenced_ids(data: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the kinds and ids referenced by options, select values and modal fields."""
    found: list[tuple[str, list[str]]] = []
    for option in data.get("options") or []:
        if option.get("type") in REFERENCE_KINDS and is_snowflake(option.get("value")):
            found.append((REFERENCE_KINDS[option["type"]], [str(option["value"])]))
        found += _collect_referenced_ids(option)
    kind = data.get("component_type", data.get("type") if "custom_id" in data else None)
    if "values" in data and kind in {**SELECT_KINDS, FILE_UPLOAD: ""}:
        found.append(
            ("attachment" if kind == FILE_UPLOAD else SELECT_KINDS[kind], [str(v) for v in data["values"] or []])
        )
    for child in [*(data.get("components") or []), *([data["component"]] if data.get("component") else [])]:
        found += _collect_referenced_ids(child)
    return found

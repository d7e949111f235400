"""A person uses a command, a component or a modal: the interaction is made, sent to the bot, and timed.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
"""

import asyncio
import base64
import secrets
from typing import Any

from demo.discord.channels import Channel
from demo.discord.interaction import Interaction, InteractionType
from demo.discord.permissions import guild_permissions
from demo.discord.rendering import message_json
from demo.discord.snowflake import is_snowflake
from demo.discord.world import World

USER_COMMAND, FILE_UPLOAD = 2, 19
MENTIONS = {6: "user", 7: "channel", 8: "role", 9: "mentionable", 11: "attachment"}
SELECTS = {5: "user", 6: "role", 7: "mentionable", 8: "channel"}


def ask(
    world: World,
    kind: InteractionType,
    user_id: str,
    channel: Channel,
    data: dict[str, Any],
    *,
    message_id: str | None = None,
    parent: Interaction | None = None,
) -> Interaction:
    """Make an interaction, send it to the bot, and let it fail when no answer comes in time."""
    identity = world.mint()
    token = base64.urlsafe_b64encode(f"interaction:{identity}:{secrets.token_hex(48)}".encode()).decode().rstrip("=")
    interaction = Interaction(
        identity,
        token,
        kind,
        user_id,
        channel.id,
        channel.guild_id,
        data,
        world.now(),
        message_id=message_id,
        parent=parent,
    )
    world.interactions[identity] = world.tokens[token] = interaction
    world.events.to_bot("INTERACTION_CREATE", interaction_json(world, interaction), 0, channel.guild_id)
    asyncio.get_running_loop().call_later(world.settings.acknowledge_seconds, _give_up, world, interaction)
    return interaction


def _give_up(world: World, interaction: Interaction) -> None:
    """Fail an interaction that nobody has acknowledged: its token is worth nothing from now on."""
    if interaction.acknowledged:
        return
    interaction.failed = True
    interaction.settled.set()
    if interaction.type is not InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE:
        world.events.to_user(interaction.user_id, "INTERACTION_FAILURE", {"id": interaction.id})


def interaction_json(world: World, interaction: Interaction) -> dict[str, Any]:
    """Return the INTERACTION_CREATE event."""
    user = world.users[interaction.user_id]
    channel = world.channels[interaction.channel_id]
    limit = world.upload_limit(channel, user)
    seen = world.permissions(channel, user.id)
    data = {**interaction.data, **_resolved(world, interaction)}
    body: dict[str, Any] = {
        "id": interaction.id,
        "application_id": world.application_id,
        "type": int(interaction.type),
        "token": interaction.token,
        "version": 1,
        "data": data,
        "channel_id": channel.id,
        "channel": {**channel.json(), "permissions": str(seen)},
        "locale": user.locale,
        "app_permissions": str(world.permissions(channel, world.bot.id)),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": limit,
    }
    if channel.guild_id:
        guild = world.guild_of(channel)
        member = guild.members[user.id]
        body |= {
            "guild_id": channel.guild_id,
            "guild": {"id": guild.id, "locale": guild.preferred_locale, "features": []},
            "guild_locale": guild.preferred_locale,
            "member": {**member.json(), "permissions": str(seen)},
            "authorizing_integration_owners": {"0": guild.id},
            "context": 0,
        }
    else:
        body |= {"user": user.json(), "authorizing_integration_owners": {"0": "0"}, "context": 1}
    if interaction.message_id:
        body["message"] = message_json(world, world.messages[channel.id][interaction.message_id])
    return body


def _resolved(world: World, interaction: Interaction) -> dict[str, Any]:
    """Return `{"resolved": ...}` for the ids that the data names, or nothing when it names none."""
    data = interaction.data
    named = _named_ids(data)
    if data.get("target_id"):
        named.append(("user" if data["type"] == USER_COMMAND else "message", [data["target_id"]]))
    found: dict[str, dict[str, Any]] = {}
    for kind, ids in named:
        for key in ids:
            for group, value in _objects(world, interaction, kind, key).items():
                found.setdefault(group, {})[key] = value
    return {"resolved": found} if found else {}


def _objects(world: World, interaction: Interaction, kind: str, key: str) -> dict[str, dict[str, Any]]:
    """Return what stands for one id in `resolved`, by group."""
    found: dict[str, dict[str, Any]] = {}
    guild = world.guilds.get(interaction.guild_id or "")
    if kind == "attachment" and key in world.attachments:
        found["attachments"] = world.attachment_json(world.attachments[key])
    elif kind == "message":
        found["messages"] = message_json(world, world.message(interaction.channel_id, key))
    elif kind == "channel" and key in world.channels:
        bits = str(world.permissions(world.channels[key], interaction.user_id))
        found["channels"] = {**world.channels[key].json(), "permissions": bits}
    elif kind in ("role", "mentionable") and guild and key in guild.roles:
        found["roles"] = guild.roles[key].json()
    elif kind in ("user", "mentionable") and key in world.users:
        found["users"] = world.users[key].json()
        if guild and key in guild.members:
            bits = str(guild_permissions(guild, key))
            found["members"] = {**guild.members[key].partial_json(), "permissions": bits}
    return found


def _named_ids(data: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the kind and ids of everything that options, a select's values or a modal's fields name."""
    found: list[tuple[str, list[str]]] = []
    for option in data.get("options") or []:
        if option.get("type") in MENTIONS and is_snowflake(option.get("value")):
            found.append((MENTIONS[option["type"]], [str(option["value"])]))
        found += _named_ids(option)
    kind = data.get("component_type", data.get("type") if "custom_id" in data else None)
    if "values" in data and kind in {**SELECTS, FILE_UPLOAD: ""}:
        found.append(("attachment" if kind == FILE_UPLOAD else SELECTS[kind], [str(v) for v in data["values"] or []]))
    for child in [*(data.get("components") or []), *([data["component"]] if data.get("component") else [])]:
        found += _named_ids(child)
    return found

"""Dumps the whole state as JSON, for tests."""

from typing import Any

from demo.standins.discord.faults import FaultRegistry
from demo.standins.discord.gateway import Gateway
from demo.standins.discord.interaction import Interaction
from demo.standins.discord.message import Message
from demo.standins.discord.rendering import render_message
from demo.standins.discord.state import DiscordState


def dump_state(state: DiscordState, faults: FaultRegistry, gateway: Gateway) -> dict[str, Any]:
    """Return guilds, channels, messages, commands, interactions, uploads, faults and gateway sessions."""
    return {
        "guilds": [guild.to_json() | {"bot_present": guild.is_bot_present} for guild in state.guilds.values()],
        "users": [user.to_private_json() for user in state.users.values()],
        "channels": [channel.to_json(state.bot.id) for channel in state.channels.values()],
        "messages": {
            channel_id: [dump_message(state, message) for message in messages.values()]
            for channel_id, messages in state.messages.items()
            if channel_id in state.channels
        },
        "commands": state.commands.list_commands(None),
        "guild_commands": state.commands.list_commands(state.guild.id),
        "interactions": [dump_interaction(state, i) for i in state.interactions.values()],
        "uploads": [
            state.render_attachment(a) | {"deleted": a.is_deleted, "uploader_id": a.uploader_id}
            for a in state.attachments.values()
        ],
        "faults": [{"id": f.id, "action": f.action, "times": f.times} for f in faults.active],
        "sessions": [
            {"id": s.id, "intents": s.intents, "shard": list(s.shard), "connected": s.connection is not None}
            for s in gateway.sessions.values()
        ],
        "rejected_identifies": gateway.rejected_identifies,
    }


def dump_message(state: DiscordState, message: Message) -> dict[str, Any]:
    """Return a message with two extra fields for tests: `deleted` and `visible_to`."""
    rendered = render_message(state, message)
    return (
        rendered
        | ({"deleted": True} if message.is_deleted else {})
        | ({"visible_to": message.visible_to} if message.visible_to else {})
    )


def dump_interaction(state: DiscordState, interaction: Interaction) -> dict[str, Any]:
    """Return the response to an interaction so far, with its messages."""
    messages = state.messages[interaction.channel_id] if interaction.channel_id in state.channels else {}
    body: dict[str, Any] = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user_id": interaction.user_id,
        "channel_id": interaction.channel_id,
        "name": interaction.command_name,
        "acknowledged": interaction.is_acknowledged,
        "response_type": None if interaction.response_type is None else int(interaction.response_type),
        "followups": [dump_message(state, messages[i]) for i in interaction.followup_ids if i in messages],
        "failed": interaction.has_failed,
    }
    if interaction.original_response_id in messages:
        body["message"] = dump_message(state, messages[interaction.original_response_id])
    if interaction.modal is not None:
        body["modal"] = interaction.modal
    if interaction.choices is not None:
        body["choices"] = interaction.choices
    return body

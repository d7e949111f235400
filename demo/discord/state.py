"""A look at everything the stand-in knows, for tests."""

from typing import Any

from demo.discord.faults import Faults
from demo.discord.gateway import Gateway
from demo.discord.interaction import Interaction
from demo.discord.message import Message
from demo.discord.rendering import message_json
from demo.discord.world import World


def state(world: World, faults: Faults, gateway: Gateway) -> dict[str, Any]:
    """Return guilds, channels, messages, commands, interactions, uploads, faults and gateway sessions."""
    return {
        "guilds": [guild.json() | {"bot_present": guild.bot_present} for guild in world.guilds.values()],
        "users": [user.private_json() for user in world.users.values()],
        "channels": [channel.json(world.bot.id) for channel in world.channels.values()],
        "messages": {
            channel_id: [message_state(world, message) for message in messages.values()]
            for channel_id, messages in world.messages.items()
            if channel_id in world.channels
        },
        "commands": world.commands.all(None),
        "guild_commands": world.commands.all(world.guild.id),
        "interactions": [interaction_state(world, i) for i in world.interactions.values()],
        "uploads": [
            world.attachment_json(a) | {"deleted": a.deleted, "uploader_id": a.uploader_id}
            for a in world.attachments.values()
        ],
        "faults": [{"id": f.id, "action": f.action, "times": f.times} for f in faults.active],
        "sessions": [
            {"id": s.id, "intents": s.intents, "shard": list(s.shard), "connected": s.wire is not None}
            for s in gateway.sessions.values()
        ],
    }


def message_state(world: World, message: Message) -> dict[str, Any]:
    """Return a message with what only tests see: whether it is deleted, and for whom it is."""
    shown = message_json(world, message)
    return (
        shown
        | ({"deleted": True} if message.deleted else {})
        | ({"visible_to": message.visible_to} if message.visible_to else {})
    )


def interaction_state(world: World, interaction: Interaction) -> dict[str, Any]:
    """Return how far an interaction is answered, with the messages it led to."""
    kept = world.messages[interaction.channel_id] if interaction.channel_id in world.channels else {}
    body: dict[str, Any] = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user_id": interaction.user_id,
        "channel_id": interaction.channel_id,
        "name": interaction.command_name,
        "acknowledged": interaction.acknowledged,
        "response_type": None if interaction.response_type is None else int(interaction.response_type),
        "followups": [message_state(world, kept[i]) for i in interaction.followup_ids if i in kept],
        "failed": interaction.failed,
    }
    if interaction.original_id in kept:
        body["message"] = message_state(world, kept[interaction.original_id])
    if interaction.modal is not None:
        body["modal"] = interaction.modal
    if interaction.choices is not None:
        body["choices"] = interaction.choices
    return body

"""A person's use of the application, checked as Discord's client would, made into an interaction."""

from typing import Any

from demo.discord.asking import ask
from demo.discord.channels import Channel
from demo.discord.client_rules import (
    Forbidden,
    checked_options,
    component_data,
    component_of,
    forged_data,
    submitted,
)
from demo.discord.interaction import Interaction, InteractionType
from demo.discord.message import Message, MessageFlag
from demo.discord.offer import permitted
from demo.discord.people import User
from demo.discord.permissions import Permission
from demo.discord.validate_components import walk
from demo.discord.world import World

CHAT_INPUT, MESSAGE = 1, 3


def use(world: World, user: User, asked: dict[str, Any]) -> Interaction:
    """Make the interaction that a request of the page asks for; raises Forbidden or Refusal."""
    kind, data = InteractionType(asked["type"]), asked["data"]
    if kind in (InteractionType.APPLICATION_COMMAND, InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE):
        return use_command(world, user, asked["channel_id"], data, kind)
    if kind is InteractionType.MESSAGE_COMPONENT:
        message = world.message(asked["channel_id"], asked["message_id"])
        return use_component(world, user, message, data["custom_id"], data.get("values"))
    if kind is InteractionType.MODAL_SUBMIT:
        return submit_modal(world, user, asked["modal_interaction_id"], _values_in(data.get("components") or []))
    raise Forbidden("There is no such use of an application.")


def use_command(world: World, user: User, channel_id: str, data: dict[str, Any], kind: InteractionType) -> Interaction:
    """Use a command, or ask for the choices of the option being typed."""
    channel = world.channel(channel_id)
    bits = world.permissions(channel, user.id)
    if not bits & Permission.VIEW_CHANNEL:
        raise Forbidden("You cannot see this channel.")
    if channel.guild_id and not bits & Permission.USE_APPLICATION_COMMANDS:
        raise Forbidden("You may not use application commands here.")
    if channel.archived:
        raise Forbidden("Commands cannot be used in an archived thread.")
    _require_the_bot(world, channel)
    commands = [c for c in world.commands.available(channel.guild_id) if c["id"] == str(data["id"])]
    if not commands:
        raise Forbidden("This command is outdated, please try again in a few minutes.")
    command = commands[0]
    if channel.guild_id and not permitted(command, bits):
        raise Forbidden("You do not have permission to use this command.")
    sent: dict[str, Any] = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        sent["guild_id"] = command["guild_id"]
    if command["type"] == CHAT_INPUT:
        typing = kind is InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE
        sent["options"] = checked_options(world, command.get("options") or [], data.get("options") or [], typing=typing)
    else:
        sent["target_id"] = str(data["target_id"])
        if command["type"] == MESSAGE:
            _require_sight(world, user, world.message(channel.id, sent["target_id"]))
    return ask(world, kind, user.id, channel, sent)


def _require_the_bot(world: World, channel: Channel) -> None:
    if channel.guild_id and not world.guild_of(channel).bot_present:
        raise Forbidden("The application is not in this server.")


def _require_sight(world: World, user: User, message: Message) -> None:
    channel = world.channel(message.channel_id)
    if message.visible_to not in (None, user.id) or not world.permissions(channel, user.id) & Permission.VIEW_CHANNEL:
        raise Forbidden("You cannot see this message.")


def use_component(
    world: World,
    user: User,
    message: Message,
    custom_id: str,
    values: list[Any] | None = None,
    *,
    forged: bool = False,
) -> Interaction:
    """Press a button or choose in a select; a forged use is not held to what the message has to press."""
    channel = world.channel(message.channel_id)
    _require_sight(world, user, message)
    _require_the_bot(world, channel)
    if message.has(MessageFlag.LOADING):
        raise Forbidden("This message is still loading.")
    if forged:
        data = forged_data(custom_id, values)
    else:
        data = component_data(component_of(message.components, custom_id), values)
    return ask(world, InteractionType.MESSAGE_COMPONENT, user.id, channel, data, message_id=message.id)


def submit_modal(world: World, user: User, modal_interaction_id: str, values: dict[str, Any]) -> Interaction:
    """Submit the modal that an interaction was answered with."""
    opened = world.interactions.get(modal_interaction_id)
    if opened is None or opened.user_id != user.id:
        raise Forbidden("There is no such modal.")
    data = submitted(world, opened, values)
    channel = world.channel(opened.channel_id)
    return ask(world, InteractionType.MODAL_SUBMIT, user.id, channel, data, message_id=opened.message_id, parent=opened)


def _values_in(components: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a person filled in, by custom_id."""
    return {
        field["custom_id"]: field["values"] if "values" in field else field.get("value")
        for field in walk(components)
        if "custom_id" in field
    }

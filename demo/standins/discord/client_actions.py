"""Creates interactions from a user's actions in the client, after the checks that Discord's client makes."""

from typing import Any

from demo.standins.discord.channels import Channel
from demo.standins.discord.client_validation import (
    ForbiddenError,
    build_component_data,
    build_forged_data,
    build_modal_data,
    check_options,
    find_component,
    require_selectable,
)
from demo.standins.discord.components import walk_components
from demo.standins.discord.interaction import Interaction, InteractionType
from demo.standins.discord.interaction_create import create_interaction
from demo.standins.discord.message import Message, MessageFlag
from demo.standins.discord.permissions import Permission
from demo.standins.discord.state import DiscordState
from demo.standins.discord.users import User
from demo.standins.discord.visible_commands import is_permitted

CHAT_INPUT, MESSAGE_COMMAND = 1, 3


def handle_client_action(state: DiscordState, user: User, payload: dict[str, Any]) -> Interaction:
    """Create an interaction from a request of the chat page; raises ForbiddenError or DiscordApiError."""
    kind, data = InteractionType(payload["type"]), payload["data"]
    if kind in (InteractionType.APPLICATION_COMMAND, InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE):
        return use_command(state, user, payload["channel_id"], data, kind)
    if kind is InteractionType.MESSAGE_COMPONENT:
        message = state.get_message(payload["channel_id"], payload["message_id"])
        return use_component(state, user, message, data["custom_id"], data.get("values"))
    if kind is InteractionType.MODAL_SUBMIT:
        return submit_modal(state, user, payload["modal_interaction_id"], _collect_values(data.get("components") or []))
    raise ForbiddenError("This interaction type is not supported.")


def use_command(
    state: DiscordState, user: User, channel_id: str, data: dict[str, Any], kind: InteractionType
) -> Interaction:
    """Use a command, or request autocomplete choices for the focused option."""
    channel = state.get_channel(channel_id)
    bits = state.compute_permissions(channel, user.id)
    if not bits & Permission.VIEW_CHANNEL:
        raise ForbiddenError("You cannot see this channel.")
    if channel.guild_id and not bits & Permission.USE_APPLICATION_COMMANDS:
        raise ForbiddenError("You may not use application commands here.")
    if channel.archived:
        raise ForbiddenError("Commands cannot be used in an archived thread.")
    _require_bot(state, channel)
    commands = [c for c in state.commands.list_available(channel.guild_id) if c["id"] == str(data["id"])]
    if not commands:
        raise ForbiddenError("This command is outdated, please try again in a few minutes.")
    command = commands[0]
    if channel.guild_id and not is_permitted(command, bits):
        raise ForbiddenError("You do not have permission to use this command.")
    command_data: dict[str, Any] = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        command_data["guild_id"] = command["guild_id"]
    if command["type"] == CHAT_INPUT:
        typing = kind is InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE
        command_data["options"] = check_options(
            state, command.get("options") or [], data.get("options") or [], typing=typing
        )
    else:
        command_data["target_id"] = str(data["target_id"])
        if command["type"] == MESSAGE_COMMAND:
            _require_visible_message(state, user, state.get_message(channel.id, command_data["target_id"]))
    return create_interaction(state, kind, user.id, channel, command_data)


def _require_bot(state: DiscordState, channel: Channel) -> None:
    if channel.guild_id and not state.get_guild(channel).is_bot_present:
        raise ForbiddenError("The application is not in this server.")


def _require_visible_message(state: DiscordState, user: User, message: Message) -> None:
    channel = state.get_channel(message.channel_id)
    if (
        message.visible_to not in (None, user.id)
        or not state.compute_permissions(channel, user.id) & Permission.VIEW_CHANNEL
    ):
        raise ForbiddenError("You cannot see this message.")


def use_component(
    state: DiscordState,
    user: User,
    message: Message,
    custom_id: str,
    values: list[Any] | None = None,
    *,
    forged: bool = False,
) -> Interaction:
    """Press a button or choose from a select menu; if `forged`, the message need not have such a component."""
    channel = state.get_channel(message.channel_id)
    _require_visible_message(state, user, message)
    _require_bot(state, channel)
    if message.has_flag(MessageFlag.LOADING):
        raise ForbiddenError("This message is still loading.")
    if forged:
        data = build_forged_data(custom_id, values)
    else:
        component = find_component(message.components, custom_id)
        data = build_component_data(component, values)
        require_selectable(state, user, channel, component, data)
    return create_interaction(state, InteractionType.MESSAGE_COMPONENT, user.id, channel, data, message_id=message.id)


def submit_modal(state: DiscordState, user: User, modal_interaction_id: str, values: dict[str, Any]) -> Interaction:
    """Submit the modal that was shown in response to an interaction."""
    parent = state.interactions.get(modal_interaction_id)
    if parent is None or parent.user_id != user.id:
        raise ForbiddenError("There is no such modal.")
    data = build_modal_data(state, parent, values)
    channel = state.get_channel(parent.channel_id)
    return create_interaction(
        state, InteractionType.MODAL_SUBMIT, user.id, channel, data, message_id=parent.message_id, parent=parent
    )


def _collect_values(components: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the submitted values by custom_id."""
    return {
        field["custom_id"]: field["values"] if "values" in field else field.get("value")
        for field in walk_components(components)
        if "custom_id" in field
    }

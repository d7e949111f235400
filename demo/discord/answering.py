"""The bot answers an interaction: the callback types, each with what it is allowed for and what it does.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object
"""

from typing import Any

from demo.discord import posting
from demo.discord.body import Body
from demo.discord.errors import Refusal
from demo.discord.form import Form
from demo.discord.interaction import CallbackType, Interaction, InteractionType
from demo.discord.message import Message, MessageFlag, MessageType
from demo.discord.rendering import message_json
from demo.discord.validate_choices import check_choices
from demo.discord.validate_messages import Draft, check_message
from demo.discord.validate_modals import check_modal
from demo.discord.world import World

C = CallbackType
COMMAND_TYPES = (C.CHANNEL_MESSAGE_WITH_SOURCE, C.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE, C.MODAL)
COMPONENT_TYPES = (*COMMAND_TYPES, C.DEFERRED_UPDATE_MESSAGE, C.UPDATE_MESSAGE)


def allowed_types(interaction: Interaction) -> tuple[CallbackType, ...]:
    """Return the callback types that an interaction may be answered with."""
    if interaction.type is InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE:
        return (C.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT,)
    if interaction.type is InteractionType.APPLICATION_COMMAND:
        return COMMAND_TYPES
    if interaction.type is InteractionType.MESSAGE_COMPONENT:
        return COMPONENT_TYPES
    on_message = interaction.message_id is not None
    return tuple(t for t in (COMPONENT_TYPES if on_message else COMMAND_TYPES) if t is not C.MODAL)


def answer(world: World, interaction: Interaction, body: Body) -> dict[str, Any]:
    """Carry out a callback and return the `interaction` and `resource` of a with_response answer.

    Raises Refusal 40060 for a second answer, 50035 for a type that does not fit or data that is faulty.
    """
    if interaction.acknowledged:
        raise Refusal(40060)
    form = Form()
    kind = form.choice(("type",), body.payload.get("type"), tuple(map(int, allowed_types(interaction))), required=True)
    form.refuse_if_faulty()
    kind = CallbackType(kind)
    data = body.payload.get("data") or {}
    if not isinstance(data, dict):
        form.fault(("data",), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        form.refuse_if_faulty()
    message = _carry_out(world, interaction, kind, Body(data, body.files))
    interaction.response_type = kind
    interaction.settled.set()
    if kind is not C.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT:
        world.events.to_user(interaction.user_id, "INTERACTION_SUCCESS", {"id": interaction.id})
    if kind is C.MODAL:
        shown = {"interaction_id": interaction.id, "modal": interaction.modal}
        world.events.to_user(interaction.user_id, "INTERACTION_MODAL", shown)
    return _callback_json(world, interaction, message)


def _carry_out(world: World, interaction: Interaction, kind: CallbackType, body: Body) -> Message | None:
    if kind is C.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT:
        interaction.choices = check_choices(interaction, body.payload)
        return None
    if kind is C.MODAL:
        interaction.modal = check_modal(body.payload)
        return None
    if kind is C.CHANNEL_MESSAGE_WITH_SOURCE:
        draft = check_message(body, upload_limit(world, interaction), where=("data",))
        return respond(world, interaction, draft)
    if kind is C.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE:
        return _defer(world, interaction, body.payload)
    source = world.message(interaction.channel_id, interaction.message_id or "")
    interaction.original_id = source.id
    if kind is C.DEFERRED_UPDATE_MESSAGE:
        return None
    draft = check_message(body, upload_limit(world, interaction), existing=source, where=("data",))
    return posting.edit(world, source, draft)


def _defer(world: World, interaction: Interaction, data: dict[str, Any]) -> Message:
    form = Form()
    flags = form.number(("data", "flags"), data.get("flags"), 0)
    if int(flags or 0) & ~MessageFlag.EPHEMERAL:
        form.fault(
            ("data", "flags"), "BASE_TYPE_CHOICES", "Only the flag EPHEMERAL (64) may be set on a deferred response."
        )
    form.refuse_if_faulty()
    interaction.loading = True
    return respond(world, interaction, Draft(None, None, None, None, int(flags or 0), None), int(MessageFlag.LOADING))


def upload_limit(world: World, interaction: Interaction) -> int:
    """Return the bytes that one file of an interaction's messages may have."""
    return world.upload_limit(world.channel(interaction.channel_id), world.users[interaction.user_id])


def respond(world: World, interaction: Interaction, draft: Draft, more_flags: int = 0) -> Message:
    """Post the original response; the flag EPHEMERAL makes it visible to the person alone."""
    interaction.ephemeral = bool(draft.flags & MessageFlag.EPHEMERAL)
    kind = MessageType.REPLY if interaction.message_id else MessageType.CHAT_INPUT_COMMAND
    if interaction.data.get("target_id"):
        kind = MessageType.CONTEXT_MENU_COMMAND
    identity = world.mint()
    interaction.original_id = identity
    return _post(world, interaction, draft, more_flags, id=identity, type=kind, reference_id=interaction.message_id)


def follow_up(world: World, interaction: Interaction, draft: Draft) -> Message:
    """Post a further message of an interaction, shown as a reply to the original response."""
    identity = world.mint()
    interaction.followup_ids.append(identity)
    answered = interaction.original_id
    return _post(world, interaction, draft, 0, id=identity, type=MessageType.REPLY, reference_id=answered)


def _post(world: World, interaction: Interaction, draft: Draft, more_flags: int, **known: Any) -> Message:
    ephemeral = draft.flags & MessageFlag.EPHEMERAL
    return posting.create(
        world,
        world.channels[interaction.channel_id],
        world.bot.id,
        draft,
        flags=int(ephemeral) | more_flags,
        interaction_id=interaction.id,
        visible_to=interaction.user_id if ephemeral else None,
        reference_channel_id=interaction.channel_id if known["reference_id"] else None,
        **known,
    )


def _callback_json(world: World, interaction: Interaction, message: Message | None) -> dict[str, Any]:
    told: dict[str, Any] = {"id": interaction.id, "type": int(interaction.type)}
    if interaction.original_id:
        told |= {
            "response_message_id": interaction.original_id,
            "response_message_loading": interaction.loading,
            "response_message_ephemeral": interaction.ephemeral,
        }
    body: dict[str, Any] = {"interaction": told}
    kind = interaction.response_type
    if message is not None and kind in (C.CHANNEL_MESSAGE_WITH_SOURCE, C.UPDATE_MESSAGE):
        body["resource"] = {"type": int(kind), "message": message_json(world, message)}
    return body

"""Interaction callbacks: which types are allowed for which interaction, and the effect of each.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object
"""

from typing import Any

from demo.standins.discord import message_operations
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.interaction import CallbackType, Interaction, InteractionType
from demo.standins.discord.message import Message, MessageFlag, MessageType
from demo.standins.discord.rendering import render_message
from demo.standins.discord.request_body import RequestBody
from demo.standins.discord.state import DiscordState
from demo.standins.discord.validate_choices import check_choices
from demo.standins.discord.validate_messages import MessageDraft, check_message
from demo.standins.discord.validate_modals import check_modal

C = CallbackType
COMMAND_TYPES = (C.CHANNEL_MESSAGE_WITH_SOURCE, C.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE, C.MODAL)
COMPONENT_TYPES = (*COMMAND_TYPES, C.DEFERRED_UPDATE_MESSAGE, C.UPDATE_MESSAGE)


def list_allowed_types(interaction: Interaction) -> tuple[CallbackType, ...]:
    """Return the callback types allowed in response to an interaction."""
    if interaction.type is InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE:
        return (C.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT,)
    if interaction.type is InteractionType.APPLICATION_COMMAND:
        return COMMAND_TYPES
    if interaction.type is InteractionType.MESSAGE_COMPONENT:
        return COMPONENT_TYPES
    on_message = interaction.message_id is not None
    return tuple(t for t in (COMPONENT_TYPES if on_message else COMMAND_TYPES) if t is not C.MODAL)


def handle_callback(state: DiscordState, interaction: Interaction, body: RequestBody) -> dict[str, Any]:
    """Apply a callback; return the `interaction` and `resource` objects of a `with_response` reply.

    Raises DiscordApiError 40060 for a second response, 50035 for a type that is not allowed or for invalid data.
    """
    if interaction.is_acknowledged:
        raise DiscordApiError(40060)
    form = FormValidator()
    kind = form.check_choice(
        ("type",), body.payload.get("type"), tuple(map(int, list_allowed_types(interaction))), required=True
    )
    form.raise_if_invalid()
    kind = CallbackType(kind)
    data = body.payload.get("data") or {}
    if not isinstance(data, dict):
        form.add_error(("data",), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        form.raise_if_invalid()
    message = _apply_callback(state, interaction, kind, RequestBody(data, body.files))
    interaction.response_type = kind
    interaction.settled.set()
    if kind is not C.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT:
        state.events.send_to_user(interaction.user_id, "INTERACTION_SUCCESS", {"id": interaction.id})
    if kind is C.MODAL:
        event = {"interaction_id": interaction.id, "modal": interaction.modal}
        state.events.send_to_user(interaction.user_id, "INTERACTION_MODAL", event)
    return _render_callback(state, interaction, message)


def _apply_callback(
    state: DiscordState, interaction: Interaction, kind: CallbackType, body: RequestBody
) -> Message | None:
    if kind is C.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT:
        interaction.choices = check_choices(interaction, body.payload)
        return None
    if kind is C.MODAL:
        interaction.modal = check_modal(body.payload)
        return None
    if kind is C.CHANNEL_MESSAGE_WITH_SOURCE:
        draft = check_message(body, get_upload_limit(state, interaction), where=("data",))
        return post_original_response(state, interaction, draft)
    if kind is C.DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE:
        return _post_deferred_response(state, interaction, body.payload)
    source = state.get_message(interaction.channel_id, interaction.message_id or "")
    interaction.original_response_id = source.id
    if kind is C.DEFERRED_UPDATE_MESSAGE:
        return None
    draft = check_message(body, get_upload_limit(state, interaction), existing=source, where=("data",))
    return message_operations.edit_message(state, source, draft)


def _post_deferred_response(state: DiscordState, interaction: Interaction, data: dict[str, Any]) -> Message:
    form = FormValidator()
    flags = form.check_number(("data", "flags"), data.get("flags"), 0)
    if int(flags or 0) & ~MessageFlag.EPHEMERAL:
        form.add_error(
            ("data", "flags"), "BASE_TYPE_CHOICES", "Only the flag EPHEMERAL (64) may be set on a deferred response."
        )
    form.raise_if_invalid()
    interaction.is_loading = True
    return post_original_response(
        state, interaction, MessageDraft(None, None, None, None, int(flags or 0), None), int(MessageFlag.LOADING)
    )


def get_upload_limit(state: DiscordState, interaction: Interaction) -> int:
    """Return the size limit, in bytes, of one file in a message of this interaction."""
    return state.get_upload_limit(state.get_channel(interaction.channel_id), state.users[interaction.user_id])


def post_original_response(
    state: DiscordState, interaction: Interaction, draft: MessageDraft, more_flags: int = 0
) -> Message:
    """Post the original response; with the flag EPHEMERAL only the user sees it."""
    interaction.is_ephemeral = bool(draft.flags & MessageFlag.EPHEMERAL)
    kind = MessageType.REPLY if interaction.message_id else MessageType.CHAT_INPUT_COMMAND
    if interaction.data.get("target_id"):
        kind = MessageType.CONTEXT_MENU_COMMAND
    identity = state.generate_id()
    interaction.original_response_id = identity
    return _post_message(
        state, interaction, draft, more_flags, id=identity, type=kind, reference_id=interaction.message_id
    )


def post_followup(state: DiscordState, interaction: Interaction, draft: MessageDraft) -> Message:
    """Post a followup message, shown as a reply to the original response."""
    identity = state.generate_id()
    interaction.followup_ids.append(identity)
    original_id = interaction.original_response_id
    return _post_message(state, interaction, draft, 0, id=identity, type=MessageType.REPLY, reference_id=original_id)


def _post_message(
    state: DiscordState, interaction: Interaction, draft: MessageDraft, more_flags: int, **fields: Any
) -> Message:
    ephemeral = draft.flags & MessageFlag.EPHEMERAL
    return message_operations.create_message(
        state,
        state.channels[interaction.channel_id],
        state.bot.id,
        draft,
        flags=int(ephemeral) | more_flags,
        interaction_id=interaction.id,
        visible_to=interaction.user_id if ephemeral else None,
        reference_channel_id=interaction.channel_id if fields["reference_id"] else None,
        **fields,
    )


def _render_callback(state: DiscordState, interaction: Interaction, message: Message | None) -> dict[str, Any]:
    rendered: dict[str, Any] = {"id": interaction.id, "type": int(interaction.type)}
    if interaction.original_response_id:
        rendered |= {
            "response_message_id": interaction.original_response_id,
            "response_message_loading": interaction.is_loading,
            "response_message_ephemeral": interaction.is_ephemeral,
        }
    body: dict[str, Any] = {"interaction": rendered}
    kind = interaction.response_type
    if message is not None and kind in (C.CHANNEL_MESSAGE_WITH_SOURCE, C.UPDATE_MESSAGE):
        body["resource"] = {"type": int(kind), "message": render_message(state, message)}
    return body

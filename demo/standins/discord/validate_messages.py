"""The limits of a new or edited message, and the validated draft.

https://discord.com/developers/docs/resources/message#create-message
https://discord.com/developers/docs/resources/message#edit-message
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.standins.discord.attachments import Attachment, sanitize_filename
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.form_validator import FieldPath, FormValidator
from demo.standins.discord.media import ATTACHMENT_SCHEME, iter_embed_media, iter_media
from demo.standins.discord.message import Message, MessageFlag
from demo.standins.discord.request_body import RequestBody, UploadedFile
from demo.standins.discord.snowflake import is_snowflake
from demo.standins.discord.validate_components import ComponentValidator
from demo.standins.discord.validate_embeds import check_embeds

MAX_CONTENT = 2000
MAX_ATTACHMENTS = 10
SETTABLE_FLAGS = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
LEGACY_FIELDS = ("content", "embeds", "poll", "sticker_ids")


@dataclass(frozen=True)
class NewFile:
    """A new file to attach."""

    filename: str
    data: bytes = field(repr=False)
    description: str | None = None
    title: str | None = None
    spoiler: bool = False


@dataclass(frozen=True)
class ExistingFile:
    """An attachment that an edit keeps; `description` replaces the old one unless it is None."""

    attachment: Attachment
    description: str | None = None


@dataclass(frozen=True)
class MessageDraft:
    """The content of a new message or an edit; None means that the request does not set the field."""

    content: str | None
    embeds: list[dict[str, Any]] | None
    components: list[dict[str, Any]] | None
    files: list[NewFile | ExistingFile] | None
    flags: int
    allowed_mentions: dict[str, Any] | None
    tts: bool = False
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reference: dict[str, Any] | None = None


def check_message(
    body: RequestBody, limit: int, *, existing: Message | None = None, where: FieldPath = ()
) -> MessageDraft:
    """Check the body of a new message, or of an edit of an existing one.

    `limit` is the size limit of one file in bytes, `where` the path of the message in the request.
    Raises DiscordApiError: 50035 for invalid fields, 30015, 50045, or 50006 if nothing would be left to show.
    """
    form, payload = FormValidator(), body.payload
    flags = int(form.check_number((*where, "flags"), payload.get("flags"), 0, 2**53) or 0) & ~int(MessageFlag.LOADING)
    was_v2 = existing is not None and existing.has_flag(MessageFlag.IS_COMPONENTS_V2)
    v2 = was_v2 or bool(flags & MessageFlag.IS_COMPONENTS_V2)
    if v2:
        _reject_legacy_fields(form, where, payload, existing)
    form.check_text((*where, "content"), payload.get("content"), 0, MAX_CONTENT)
    files = _check_files(form, where, body, limit, existing)
    embeds = check_embeds(form, (*where, "embeds"), payload.get("embeds"))
    components = ComponentValidator(form, v2=v2).check_message((*where, "components"), payload.get("components"))
    _check_mentions(form, (*where, "allowed_mentions"), payload.get("allowed_mentions"))
    tts = form.check_flag((*where, "tts"), payload.get("tts"))
    nonce = payload.get("nonce")
    if not isinstance(nonce, int):
        form.check_text((*where, "nonce"), nonce, 0, 25)
    reference = _check_reference(form, (*where, "message_reference"), payload.get("message_reference"))
    form.raise_if_invalid()
    draft = MessageDraft(
        content=(payload.get("content") or "") if "content" in payload else None,
        embeds=embeds if "embeds" in payload else None,
        components=components if "components" in payload else None,
        files=files,
        flags=flags,
        allowed_mentions=payload.get("allowed_mentions"),
        tts=tts,
        nonce=nonce,
        enforce_nonce=form.check_flag((*where, "enforce_nonce"), payload.get("enforce_nonce")),
        reference=reference,
    )
    _check_attachment_references(form, where, draft, existing)
    form.raise_if_invalid()
    _reject_empty(draft, existing)
    return draft


def _reject_legacy_fields(
    form: FormValidator, where: FieldPath, payload: Mapping[str, Any], existing: Message | None
) -> None:
    for name in LEGACY_FIELDS:
        remaining = getattr(existing, name, None) if existing and name not in payload else None
        if payload.get(name) or remaining:
            message = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.add_error((*where, name), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)


def _check_files(
    form: FormValidator, where: FieldPath, body: RequestBody, limit: int, existing: Message | None
) -> list[NewFile | ExistingFile] | None:
    """Return the message's attachments, or None if the request does not mention any."""
    old = {attachment.id: attachment for attachment in existing.attachments} if existing else {}
    if "attachments" not in body.payload or body.payload["attachments"] is None:
        if not body.files:
            return None
        existing_files = [ExistingFile(attachment) for attachment in old.values()]
        new_files = [_build_new_file(file, {}, limit) for _, file in sorted(body.files.items())]
        return _check_file_count([*existing_files, *new_files])
    files: list[NewFile | ExistingFile] = []
    for place, item in enumerate(form.check_objects((*where, "attachments"), body.payload["attachments"], 0, 1000)):
        at = (*where, "attachments", place)
        form.check_text((*at, "description"), item.get("description"), 0, 1024)
        form.check_text((*at, "filename"), item.get("filename"), 1, 1024)
        identity = str(item.get("id"))
        if identity in old:
            files.append(ExistingFile(old[identity], item.get("description")))
        elif identity.isdigit() and int(identity) in body.files:
            files.append(_build_new_file(body.files[int(identity)], item, limit))
        else:
            form.add_error(
                (*at, "id"), "ATTACHMENT_NOT_FOUND", f"No file or attachment with the id {identity} was found."
            )
    return _check_file_count(files)


def _check_file_count(files: list[NewFile | ExistingFile]) -> list[NewFile | ExistingFile]:
    if len(files) > MAX_ATTACHMENTS:
        raise DiscordApiError(30015)
    return files


def _build_new_file(file: UploadedFile, item: Mapping[str, Any], limit: int) -> NewFile:
    if len(file.data) > limit:
        raise DiscordApiError(50045)
    name = sanitize_filename(item.get("filename") or file.filename)
    spoiler = bool(item.get("is_spoiler")) or name.startswith("SPOILER_")
    return NewFile(name, file.data, item.get("description") or None, item.get("title"), spoiler)


def _check_mentions(form: FormValidator, where: FieldPath, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        form.add_error(where, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return
    form.check_flag((*where, "replied_user"), value.get("replied_user"))
    parse = form.check_items((*where, "parse"), value.get("parse"), 0, 100)
    for place, kind in enumerate(parse):
        form.check_choice((*where, "parse", place), kind, ("roles", "users", "everyone"), required=True)
    for kind in ("users", "roles"):
        ids = form.check_items((*where, kind), value.get(kind), 0, 100)
        for place, identity in enumerate(ids):
            if not is_snowflake(identity):
                message = f'Value "{identity}" is not snowflake.'
                form.add_error((*where, kind, place), "NUMBER_TYPE_COERCE", message)
        if ids and kind in parse:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.add_error(where, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _check_reference(form: FormValidator, where: FieldPath, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not is_snowflake(value.get("message_id")):
        form.add_error((*where, "message_id"), "BASE_TYPE_REQUIRED", "This field is required")
        return None
    return value


def _check_attachment_references(
    form: FormValidator, where: FieldPath, draft: MessageDraft, existing: Message | None
) -> None:
    """Check that every `attachment://` URL refers to a file that the message will have.

    This includes components that an edit keeps: an image removed from under them would leave a gap (Discord's
    behaviour in this case is not documented).
    """
    files = draft.files
    if files is None:
        names = {attachment.filename for attachment in existing.attachments} if existing else set()
    else:
        names = {file.filename if isinstance(file, NewFile) else file.attachment.filename for file in files}
    components = draft.components if draft.components is not None or existing is None else existing.components
    media = [((*where, "components", *at, "url"), item["url"]) for at, item in iter_media(components or [])]
    for place, embed in enumerate(draft.embeds or []):
        media += [((*where, "embeds", place, part, key), item[key]) for (part, key), item in iter_embed_media(embed)]
    for at, url in media:
        if url.startswith(ATTACHMENT_SCHEME) and url.removeprefix(ATTACHMENT_SCHEME) not in names:
            message = "The referenced attachment could not be found"
            form.add_error(at, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", message)


def _reject_empty(draft: MessageDraft, existing: Message | None) -> None:
    """Raise DiscordApiError 50006 if the message would have no text, embed, component or file."""

    def get_field(name: str) -> Any:
        value = getattr(draft, "files" if name == "attachments" else name)
        return value if value is not None else getattr(existing, name, None)

    content = get_field("content")
    if not (content and content.strip()) and not any(
        get_field(name) for name in ("embeds", "components", "attachments")
    ):
        raise DiscordApiError(50006)

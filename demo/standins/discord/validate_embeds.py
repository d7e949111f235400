"""The limits of embeds.

https://discord.com/developers/docs/resources/message#embed-object-embed-limits
"""

from typing import Any
from urllib.parse import urlsplit

from demo.standins.discord.form_validator import FieldPath, FormValidator
from demo.standins.discord.media import ATTACHMENT_SCHEME

MAX_TOTAL_CHARACTERS = 6000
MAX_URL_LENGTH = 2048


def check_url(form: FormValidator, where: FieldPath, value: Any, *, attachments: bool) -> None:
    """Check a URL: http, https or, if `attachments`, attachment."""
    text = form.check_text(where, value, 1, MAX_URL_LENGTH, required=True)
    if text is None or (attachments and text.startswith(ATTACHMENT_SCHEME)):
        return
    parts = urlsplit(text)
    schemes = ("http", "https", "attachment") if attachments else ("http", "https")
    if not parts.scheme or (parts.scheme in ("http", "https") and not parts.netloc):
        form.add_error(where, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    elif parts.scheme not in schemes:
        allowed = ", ".join(f"'{scheme}'" for scheme in schemes)
        message = f'Scheme "{parts.scheme}" is not supported. Scheme must be one of ({allowed}).'
        form.add_error(where, "URL_TYPE_INVALID_SCHEME", message)


def check_embeds(form: FormValidator, where: FieldPath, value: Any) -> list[dict[str, Any]]:
    """Check the embeds of a message and return them with Discord's defaults."""
    embeds = form.check_objects(where, value, 0, 10)
    size = sum(_check_embed(form, (*where, index), embed) for index, embed in enumerate(embeds))
    if size > MAX_TOTAL_CHARACTERS:
        form.add_error(where, "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_TOTAL_CHARACTERS}")
    return [_fill_embed_defaults(embed) for embed in embeds]


def _check_embed(form: FormValidator, where: FieldPath, embed: dict[str, Any]) -> int:
    """Check one embed; return the number of characters that count towards the total."""
    size = len(form.check_text((*where, "title"), embed.get("title"), 0, 256) or "")
    size += len(form.check_text((*where, "description"), embed.get("description"), 0, 4096) or "")
    for part, key, limit in (("footer", "text", 2048), ("author", "name", 256)):
        if isinstance(embed.get(part), dict):
            size += len(form.check_text((*where, part, key), embed[part].get(key), 1, limit, required=True) or "")
    for index, item in enumerate(form.check_objects((*where, "fields"), embed.get("fields"), 0, 25)):
        place = (*where, "fields", index)
        size += len(form.check_text((*place, "name"), item.get("name"), 1, 256, required=True) or "")
        size += len(form.check_text((*place, "value"), item.get("value"), 1, 1024, required=True) or "")
    for part, key in (("image", "url"), ("thumbnail", "url"), ("footer", "icon_url"), ("author", "icon_url")):
        if isinstance(embed.get(part), dict) and embed[part].get(key):
            check_url(form, (*where, part, key), embed[part][key], attachments=True)
    if embed.get("url"):
        check_url(form, (*where, "url"), embed["url"], attachments=False)
    form.check_number((*where, "color"), embed.get("color"), 0, 0xFFFFFF)
    if not any(embed.get(key) for key in ("title", "description", "fields", "image", "thumbnail", "footer", "author")):
        form.add_error((*where, "description"), "BASE_TYPE_REQUIRED", "This field is required")
    return size


def _fill_embed_defaults(embed: dict[str, Any]) -> dict[str, Any]:
    checked = {key: value for key, value in embed.items() if value is not None and value != []}
    checked["type"] = "rich"
    if "fields" in checked:
        checked["fields"] = [{**item, "inline": bool(item.get("inline"))} for item in checked["fields"]]
    return checked

"""Media in embeds and components: the URLs they contain and the attachments these refer to.

https://discord.com/developers/docs/components/reference#unfurled-media-item
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from demo.standins.discord.attachments import Attachment

ATTACHMENT_SCHEME = "attachment://"
CDN_PATH_PATTERN = re.compile(r"/(?:ephemeral-)?attachments/\d+/(\d+)/")


def find_attachment(url: str, attachments: Iterable[Attachment]) -> Attachment | None:
    """Return the attachment that a URL refers to, by file name or by the id in a CDN URL."""
    if url.startswith(ATTACHMENT_SCHEME):
        name = url.removeprefix(ATTACHMENT_SCHEME)
        return next((a for a in attachments if a.filename == name), None)
    match = CDN_PATH_PATTERN.search(url)
    return next((a for a in attachments if a.id == match[1]), None) if match else None


def iter_media(components: Iterable[dict[str, Any]]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield every media object (thumbnail, gallery item, file) in components, with its path."""
    for index, component in enumerate(components):
        for key in ("media", "file"):
            if isinstance(component.get(key), dict):
                yield (index, key), component[key]
        for place, item in enumerate(component.get("items") or []):
            if isinstance(item, dict) and isinstance(item.get("media"), dict):
                yield (index, "items", place, "media"), item["media"]
        if isinstance(component.get("accessory"), dict):
            for (_, *rest), media in iter_media([component["accessory"]]):
                yield (index, "accessory", *rest), media
        if isinstance(component.get("components"), list):
            inner = [child for child in component["components"] if isinstance(child, dict)]
            for inner_path, media in iter_media(inner):
                yield (index, "components", *inner_path), media


def iter_embed_media(embed: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield the parts of an embed that have a URL, with the part's name and the URL's key."""
    for part, key in (("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url")):
        if isinstance(embed.get(part), dict) and embed[part].get(key):
            yield (part, key), embed[part]

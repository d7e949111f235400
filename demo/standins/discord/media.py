"""What `attachment://name` and other addresses in embeds and components stand for.

https://discord.com/developers/docs/components/reference#unfurled-media-item
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from demo.standins.discord.attachments import Attachment

ATTACHMENT_SCHEME = "attachment://"
CDN_PATH_PATTERN = re.compile(r"/(?:ephemeral-)?attachments/\d+/(\d+)/")


def find_attachment(url: str, attachments: Iterable[Attachment]) -> Attachment | None:
    """Return the attachment that an address names, by file name or by the id in a CDN address."""
    if url.startswith(ATTACHMENT_SCHEME):
        name = url.removeprefix(ATTACHMENT_SCHEME)
        return next((a for a in attachments if a.filename == name), None)
    met = CDN_PATH_PATTERN.search(url)
    return next((a for a in attachments if a.id == met[1]), None) if met else None


def iter_media(components: Iterable[dict[str, Any]]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield every media object in components with its place: thumbnails, gallery items and files."""
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
            for place_inside, media in iter_media(inner):
                yield (index, "components", *place_inside), media


def iter_embed_media(embed: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield the parts of an embed that carry an address, with the key of that address."""
    for part, key in (("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url")):
        if isinstance(embed.get(part), dict) and embed[part].get(key):
            yield (part, key), embed[part]

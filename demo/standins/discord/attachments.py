"""Uploaded files: their type and size as read from their bytes, and their signed URLs.

https://discord.com/developers/docs/resources/message#attachment-object
https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

import hashlib
import hmac
import io
import mimetypes
import re
import warnings
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from PIL import Image

PREVIEW_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
IS_SPOILER, IS_ANIMATED = 1 << 3, 1 << 5


@dataclass
class Attachment:
    """A stored file. `channel_id` is its message's channel or, for an ephemeral file, the channel of the upload."""

    id: str
    channel_id: str
    filename: str
    data: bytes = field(repr=False)
    content_type: str | None
    width: int | None = None
    height: int | None = None
    is_animated: bool = False
    description: str | None = None
    title: str | None = None
    spoiler: bool = False
    ephemeral: bool = False
    uploader_id: str | None = None
    is_deleted: bool = False

    @property
    def path(self) -> str:
        """The path of the file on the CDN."""
        root = "ephemeral-attachments" if self.ephemeral else "attachments"
        return f"/{root}/{self.channel_id}/{self.id}/{quote(self.filename)}"


def sanitize_filename(name: str | None) -> str:
    """Return a file name as Discord stores it: no folders, spaces as underscores, other special characters dropped."""
    name = (name or "").replace("\\", "/").rsplit("/", 1)[-1].replace(" ", "_")
    return re.sub(r"[^\w.\-]", "", name, flags=re.ASCII).strip(".") or "unknown"


def sniff_file(data: bytes, filename: str) -> tuple[str | None, int | None, int | None, bool]:
    """Return content type, width, height and whether the file is animated.

    Images are recognised by their bytes, other files by their extension.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                if image.format in PREVIEW_TYPES:
                    return PREVIEW_TYPES[image.format], image.width, image.height, getattr(image, "n_frames", 1) > 1
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass
    return mimetypes.guess_type(filename)[0], None, None, False


class UrlSigner:
    """Signs CDN URLs: `ex` and `is` are hexadecimal seconds, `hm` is an HMAC-SHA256 over the path and both."""

    def __init__(self, key: bytes, lifetime: float) -> None:
        self._key = key
        self._lifetime = int(lifetime)

    def _compute_mac(self, path: str, expires: str, issued: str) -> str:
        return hmac.new(self._key, f"{path}?ex={expires}&is={issued}".encode(), hashlib.sha256).hexdigest()

    def sign_path(self, path: str, now: float) -> str:
        """Return the path with a signature that is valid for the configured lifetime."""
        issued, expires = f"{int(now):x}", f"{int(now) + self._lifetime:x}"
        return f"{path}?ex={expires}&is={issued}&hm={self._compute_mac(path, expires, issued)}&"

    def is_valid(self, path: str, query: dict[str, str], now: float) -> bool:
        """Check that the signature is ours and has not expired."""
        expires, issued = query.get("ex", ""), query.get("is", "")
        if not re.fullmatch(r"[0-9a-f]{1,16}", expires) or int(expires, 16) < now:
            return False
        return hmac.compare_digest(self._compute_mac(path, expires, issued).encode(), query.get("hm", "").encode())


def render_attachment(attachment: Attachment, url: str, proxy_url: str) -> dict[str, Any]:
    """Return the attachment object; unknown properties are omitted, as Discord does."""
    flags = IS_SPOILER * attachment.spoiler | IS_ANIMATED * attachment.is_animated
    return {
        "id": attachment.id,
        "filename": attachment.filename,
        "size": len(attachment.data),
        "url": url,
        "proxy_url": proxy_url,
        **({"title": attachment.title} if attachment.title else {}),
        **({"description": attachment.description} if attachment.description else {}),
        **({"content_type": attachment.content_type} if attachment.content_type else {}),
        **({"width": attachment.width, "height": attachment.height} if attachment.width else {}),
        **({"ephemeral": True} if attachment.ephemeral else {}),
        **({"flags": flags} if flags else {}),
    }

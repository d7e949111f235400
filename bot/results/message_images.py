"""The pictures of a message, in every place where Discord shows them."""

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import discord

from bot.domain.images import RemoteImage
from shared.problems import Problem, RejectedError, make_problem

_FILE_SERVERS: Final = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_LINK: Final = re.compile(r"https://(?:cdn\.discordapp\.com|media\.discordapp\.net)/[^\s<>|)\]]+")
_PICTURE_NAME: Final = re.compile(r"\.(png|apng|jpe?g|jfif|jpg_large|webp|gif|avif|heic|heif|hif)$", re.IGNORECASE)
_OPAQUE_TYPES: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_Content = discord.Message | discord.MessageSnapshot


def list_message_images(message: discord.Message | None) -> Iterator[RemoteImage]:
    """Yield the pictures of a message and of one that it forwards, each once.

    They are in attachments (whatever type they claim, if the name is a picture's), galleries, thumbnails and files of
    components, embeds, and links to Discord's file servers. A picture of an embed on another server is yielded only if
    there is no other: it cannot be fetched, and whoever tries says so.
    """
    if message is None:
        return
    contents: list[_Content] = [message, *message.message_snapshots]
    found = [image for content in contents for image in _list_content_images(content)]
    own = [image for image in found if _is_on_file_server(image.url)]
    unique: dict[str, RemoteImage] = {}
    for image in own or found:
        unique.setdefault(urlsplit(image.url).path, image)
    yield from unique.values()


def require_message_images(message: discord.Message, limit: int) -> tuple[RemoteImage, ...]:
    """Return the first pictures of a message, at most so many. Raises `RejectedError` if it has none."""
    images = tuple(itertools.islice(list_message_images(message), limit))
    if not images:
        raise RejectedError(explain_missing_images(message))
    return images


def choose_job_image(images: Iterable[RemoteImage], job_id: str) -> RemoteImage | None:
    """Choose the picture of a job among those of a message: the one with its name, else the first."""
    found = list(images)
    names = (job_id, compute_image_token(job_id))
    named = [image for image in found if any(name in image.filename for name in names)]
    return next(iter(named or found), None)


def compute_image_token(job_id: str) -> str:
    """Derive the part of a file's name that tells whose picture it is only to those who know the id of the job."""
    return hashlib.sha256(job_id.encode()).hexdigest()[:12]


def build_attached_image(attachment: discord.Attachment) -> RemoteImage:
    """Build the picture that an attachment may be; Discord measures those that it can show."""
    pixels = _get_pixels(attachment)
    return RemoteImage(attachment.url, attachment.size, attachment.filename, pixels, attachment.is_spoiler())


def explain_missing_images(message: discord.Message) -> Problem:
    """Make the problem that says why a message has no picture to start from."""
    contents: list[_Content] = [message, *message.message_snapshots]
    for content in contents:
        attached = any(_is_video(attachment.content_type) for attachment in content.attachments)
        shown = any(_is_video(media.content_type) for media, *_ in _list_component_media(content.components))
        if attached or shown or any(embed.type in ("video", "gifv") for embed in content.embeds):
            return make_problem("message_video")
        if content.stickers:
            return make_problem("message_sticker")
    return make_problem("no_picture")


def walk_components(components: Iterable[Any]) -> Iterator[Any]:
    """Yield components, and those within them."""
    for component in components:
        yield component
        yield from walk_components(getattr(component, "children", ()))
        accessory = getattr(component, "accessory", None)
        if accessory is not None:
            yield accessory


def _list_content_images(content: _Content) -> Iterator[RemoteImage]:
    for attachment in content.attachments:
        if _may_be_picture(attachment.content_type, attachment.filename):
            yield build_attached_image(attachment)
    for media, size, is_spoiler in _list_component_media(content.components):
        if _may_be_picture(media.content_type or "image/", _get_filename(media.url)):
            yield RemoteImage(media.url, size, _get_filename(media.url), _get_pixels(media), is_spoiler)
    for embed in content.embeds:
        for url in (embed.image.url, embed.thumbnail.url):
            if url and embed.type not in ("video", "gifv"):
                yield RemoteImage(url, None, _get_filename(url))
    for link in _LINK.findall(content.content):
        if _PICTURE_NAME.search(_get_filename(link)):
            yield RemoteImage(link, None, _get_filename(link))


def _list_component_media(components: Iterable[Any]) -> Iterator[tuple[discord.UnfurledMediaItem, int | None, bool]]:
    """Yield the media of galleries, thumbnails and files, with the size in bytes where declared, and if spoilers."""
    for component in walk_components(components):
        for item in getattr(component, "items", ()):
            yield item.media, None, item.spoiler
        if isinstance(component, discord.components.ThumbnailComponent):
            yield component.media, None, component.spoiler
        if isinstance(component, discord.components.FileComponent):
            yield component.media, component.size or None, component.spoiler


def _may_be_picture(content_type: str | None, filename: str) -> bool:
    """Tell whether a file may be a picture; its bytes decide when it is fetched."""
    claimed = (content_type or "").partition(";")[0].strip().lower()
    return claimed in _OPAQUE_TYPES or claimed.startswith("image/") or bool(_PICTURE_NAME.search(filename))


def _is_video(content_type: str | None) -> bool:
    return (content_type or "").startswith("video/")


def _is_on_file_server(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in _FILE_SERVERS or host in ("localhost", "127.0.0.1", "::1")


def _get_pixels(media: discord.Attachment | discord.UnfurledMediaItem) -> tuple[int, int] | None:
    return (media.width, media.height) if media.width and media.height else None


def _get_filename(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]

"""The pictures of a message are found in every place where Discord shows them."""

from typing import Any, Final
from unittest.mock import MagicMock

import discord
import pytest

from bot.results.message_images import explain_missing_images, list_message_images

URL: Final = "https://cdn.discordapp.com/attachments/1/2/lake.jpg?ex=1&is=1&hm=1"
ELSEWHERE: Final = "https://example.org/lake.jpg"
ATTACHMENT: Final = {
    "id": "5",
    "filename": "lake.jpg",
    "size": 9,
    "url": URL,
    "proxy_url": URL,
    "content_type": "image/jpeg",
}
MEDIA: Final = {"url": URL, "proxy_url": URL, "width": 9, "height": 9, "content_type": "image/jpeg", "id": "5"}
GALLERY: Final = {"type": 12, "id": 2, "items": [{"media": MEDIA}]}
THUMBNAIL: Final = {"type": 11, "id": 3, "media": MEDIA}
SECTION: Final = {
    "type": 9,
    "id": 1,
    "components": [{"type": 10, "id": 2, "content": "x"}],
    "accessory": THUMBNAIL,
}
FILE: Final = {"type": 13, "id": 1, "name": "lake.jpg", "size": 9, "file": MEDIA}
STICKER: Final = {"id": "8", "name": "wave", "format_type": 1}


def forward(**content: Any) -> dict[str, Any]:
    snapshot = {
        "type": 0,
        "content": "",
        "embeds": [],
        "attachments": [],
        "components": [],
        "timestamp": "2026-11-28T00:00:00+00:00",
        "edited_timestamp": None,
        "flags": 0,
    }
    reference = {"type": 1, "channel_id": "2", "message_id": "9"}
    return {"message_reference": reference, "message_snapshots": [{"message": snapshot | content}]}


def embed(url: str = URL, kind: str = "rich", place: str = "image") -> dict[str, Any]:
    return {"type": kind, place: {"url": url, "proxy_url": url, "width": 9, "height": 9}}


def make_message(**content: Any) -> discord.Message:
    state, channel = MagicMock(), MagicMock()
    channel.guild.id, channel.id = 1, 2
    author = {"id": "3", "username": "a", "discriminator": "0", "avatar": None}
    data = {
        "id": "9",
        "type": 0,
        "channel_id": "2",
        "content": "",
        "author": author,
        "attachments": [],
        "embeds": [],
        "components": [],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "timestamp": "2026-11-28T00:00:00+00:00",
        "edited_timestamp": None,
        "pinned": False,
        "tts": False,
        "flags": 0,
    }
    return discord.Message(state=state, channel=channel, data=data | content)  # type: ignore[arg-type]


PLACES: Final[dict[str, dict[str, Any]]] = {
    "attached": {"attachments": [ATTACHMENT]},
    "attached, of no declared type": {"attachments": [{**ATTACHMENT, "content_type": None}]},
    "attached, as application/octet-stream": {
        "attachments": [{**ATTACHMENT, "content_type": "application/octet-stream", "filename": "lake.jpg_large"}]
    },
    "attached, as text with a picture's name": {"attachments": [{**ATTACHMENT, "content_type": "text/plain"}]},
    "forwarded attachment": forward(attachments=[ATTACHMENT]),
    "forwarded gallery": forward(components=[{"type": 17, "id": 1, "components": [GALLERY]}], flags=32768),
    "forwarded embed": forward(embeds=[embed()]),
    "embed of a file on Discord's server": {"embeds": [embed()]},
    "embed's thumbnail": {"embeds": [embed(place="thumbnail")]},
    "link that Discord shows": {"content": URL, "embeds": [embed(kind="image", place="thumbnail")]},
    "link that Discord does not show": {"content": f"look: <{URL}>"},
    "section with a thumbnail": {"components": [SECTION]},
    "section in a container": {"components": [{"type": 17, "id": 1, "components": [SECTION]}]},
    "file component": {"components": [FILE]},
    "gallery": {"components": [GALLERY]},
    "attached and shown in a gallery": {"attachments": [ATTACHMENT], "components": [GALLERY]},
    "attached, beside a link to elsewhere": {"attachments": [ATTACHMENT], "embeds": [embed(ELSEWHERE)]},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_is_found_once_wherever_discord_shows_it(place: str) -> None:
    images = list(list_message_images(make_message(**PLACES[place])))

    assert [image.url for image in images] == [URL]
    assert images[0].filename.startswith("lake.jpg")


def test_a_picture_on_another_server_is_found_if_it_is_the_only_one() -> None:
    assert [image.url for image in list_message_images(make_message(embeds=[embed(ELSEWHERE)]))] == [ELSEWHERE]


def test_several_pictures_keep_their_order() -> None:
    urls = [URL.replace("lake", name) for name in ("a", "b", "c")]
    attachments = [{**ATTACHMENT, "url": url, "filename": "x.jpg"} for url in urls]
    assert [image.url for image in list_message_images(make_message(attachments=attachments))] == urls


NO_PICTURES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "nothing": ({"content": "words"}, "no_picture"),
    "a text file": (
        {"attachments": [{**ATTACHMENT, "content_type": "text/plain", "filename": "a.txt"}]},
        "no_picture",
    ),
    "a link to a page": ({"content": "https://example.org/lake.jpg"}, "no_picture"),
    "a link to another file of Discord's": ({"content": URL.replace(".jpg", ".zip")}, "no_picture"),
    "a video": (
        {"attachments": [{**ATTACHMENT, "content_type": "video/mp4", "filename": "a.mp4"}]},
        "message_video",
    ),
    "a forwarded video": (
        forward(attachments=[{**ATTACHMENT, "content_type": "video/mp4", "filename": "a.mp4"}]),
        "message_video",
    ),
    "a video in a gallery": (
        {"components": [{**GALLERY, "items": [{"media": {**MEDIA, "content_type": "video/mp4", "url": "https://cdn.discordapp.com/a.mp4"}}]}]},
        "message_video",
    ),
    "an animation of Tenor": ({"embeds": [embed(ELSEWHERE, "gifv", "thumbnail")]}, "message_video"),
    "a sticker": ({"sticker_items": [STICKER]}, "message_sticker"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_PICTURES)
def test_a_message_without_a_picture_is_explained(name: str) -> None:
    content, code = NO_PICTURES[name]
    message = make_message(**content)

    assert list(list_message_images(message)) == []
    assert explain_missing_images(message).code == code


def test_no_message_has_no_pictures() -> None:
    assert list(list_message_images(None)) == []

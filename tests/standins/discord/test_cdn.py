"""The CDN: signed URLs that expire, files with their content types."""

import asyncio
import io
from typing import Any

import pytest
from PIL import Image

from tests.standins.discord.conftest import StandInStarter
from tests.support.discord_standin import COMPONENTS_V2_FLAG, DiscordStandIn, make_form, make_png

GONE_TEXT = "This content is no longer available."


async def post_file(discord_standin: DiscordStandIn, name: str = "a.png", data: bytes | None = None) -> Any:
    file = (name, make_png() if data is None else data)
    return await discord_standin.call_rest_ok(
        "POST", f"/channels/{discord_standin.channel_id}/messages", data=make_form({}, file)
    )


async def fetch_url(discord_standin: DiscordStandIn, url: str) -> tuple[int, str, bytes]:
    async with discord_standin.http.get(url) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.read()


async def test_a_signed_url_serves_the_file_with_its_content_type(discord_standin: DiscordStandIn) -> None:
    (attachment,) = (await post_file(discord_standin))["attachments"]
    assert await fetch_url(discord_standin, attachment["url"]) == (200, "image/png", make_png())
    (text,) = (await post_file(discord_standin, "notes.txt", b"words"))["attachments"]
    assert await fetch_url(discord_standin, text["url"]) == (200, "text/plain", b"words")


@pytest.mark.parametrize(
    "spoil", [lambda u: u.split("?")[0], lambda u: u.replace("hm=", "hm=0"), lambda u: u.replace("ex=", "ex=f")]
)
async def test_a_url_without_its_signature_is_not_served(discord_standin: DiscordStandIn, spoil: Any) -> None:
    (attachment,) = (await post_file(discord_standin))["attachments"]
    status, _, body = await fetch_url(discord_standin, spoil(attachment["url"]))
    assert (status, body.decode()) == (404, GONE_TEXT)


async def test_a_signed_url_expires_and_reading_the_message_again_gives_a_new_one(
    start_standin: StandInStarter,
) -> None:
    discord_standin = await start_standin(attachment_lifetime=1)
    message = await post_file(discord_standin)
    old = message["attachments"][0]["url"]
    await asyncio.sleep(2.0)
    assert (await fetch_url(discord_standin, old))[0] == 404
    path = f"/channels/{discord_standin.channel_id}/messages/{message['id']}"
    fresh = (await discord_standin.call_rest_ok("GET", path))["attachments"][0]["url"]
    assert (await fetch_url(discord_standin, fresh))[0] == 200


async def test_a_signed_url_is_valid_for_a_day_by_default(discord_standin: DiscordStandIn) -> None:
    (attachment,) = (await post_file(discord_standin))["attachments"]
    known = dict(pair.split("=") for pair in attachment["url"].split("?")[1].split("&") if pair)
    assert int(known["ex"], 16) - int(known["is"], 16) == 86_400


async def test_a_deleted_messages_files_are_gone(discord_standin: DiscordStandIn) -> None:
    message = await post_file(discord_standin)
    await discord_standin.call_rest_ok("DELETE", f"/channels/{discord_standin.channel_id}/messages/{message['id']}")
    assert (await fetch_url(discord_standin, message["attachments"][0]["url"]))[0] == 404


async def test_the_media_proxy_serves_images_only(discord_standin: DiscordStandIn) -> None:
    (picture,) = (await post_file(discord_standin))["attachments"]
    assert (await fetch_url(discord_standin, picture["proxy_url"]))[:2] == (200, "image/png")
    (text,) = (await post_file(discord_standin, "notes.txt", b"words"))["attachments"]
    assert (await fetch_url(discord_standin, text["proxy_url"]))[0] == 415


async def test_a_file_that_is_not_an_image_has_no_size_despite_its_name(discord_standin: DiscordStandIn) -> None:
    (attachment,) = (await post_file(discord_standin, "a.png", b"no picture"))["attachments"]
    assert attachment["content_type"] == "image/png"
    assert "width" not in attachment


@pytest.mark.parametrize("kind", ["WEBP", "GIF"])
async def test_an_animated_image_is_flagged_as_attachment_and_in_a_gallery(
    discord_standin: DiscordStandIn, kind: str
) -> None:
    out, name = io.BytesIO(), f"lapse.{kind.lower()}"
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=200)
    shown = {
        "flags": COMPONENTS_V2_FLAG,
        "components": [{"type": 12, "items": [{"media": {"url": f"attachment://{name}"}}]}],
    }

    (attachment,) = (await post_file(discord_standin, name, out.getvalue()))["attachments"]
    path = f"/channels/{discord_standin.channel_id}/messages"
    gallery = await discord_standin.call_rest_ok("POST", path, data=make_form(shown, (name, out.getvalue())))

    assert (attachment["flags"], attachment["content_type"]) == (1 << 5, f"image/{kind.lower()}")
    assert gallery["components"][0]["items"][0]["media"]["flags"] == 1
    assert "flags" not in (await post_file(discord_standin))["attachments"][0]

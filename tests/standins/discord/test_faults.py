"""Faults on request, met by the real discord.py as discord.md says it meets them."""

import time
from typing import Any

import aiohttp
import discord
import pytest

from tests.support.discord_standin import TOKEN, DiscordStandIn


async def inject_fault(discord_standin: DiscordStandIn, action: str, **more: Any) -> None:
    match = {"method": "POST", "path_regex": "^/channels/.*/messages$"}
    await discord_standin.call_page_api("POST", "/control/faults", {"match": match, "action": action, **more})


async def send_message(discord_standin: DiscordStandIn, nonce: str = "job") -> discord.Message:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(TOKEN)
        return await client.get_partial_messageable(int(discord_standin.channel_id)).send("x", nonce=nonce)


async def test_a_502_after_the_message_was_made_is_retried_to_the_same_message(discord_standin: DiscordStandIn) -> None:
    await inject_fault(discord_standin, "status_after:502")
    message = await send_message(discord_standin)
    assert [m["id"] for m in await discord_standin.list_messages_seen_by("ada")] == [str(message.id)]


async def test_a_503_is_an_error_at_once(discord_standin: DiscordStandIn) -> None:
    await inject_fault(discord_standin, "status:503")
    with pytest.raises(discord.DiscordServerError):
        await send_message(discord_standin)
    assert await discord_standin.list_messages_seen_by("ada") == []


@pytest.mark.parametrize(("action", "made"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_connection_happens_before_or_after_the_message_is_posted(
    discord_standin: DiscordStandIn, action: str, made: int
) -> None:
    await inject_fault(discord_standin, action)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await send_message(discord_standin)
    assert len(await discord_standin.list_messages_seen_by("ada")) == made
    await send_message(discord_standin)
    assert len(await discord_standin.list_messages_seen_by("ada")) == 1


async def test_a_429_without_via_is_an_error_at_once(discord_standin: DiscordStandIn) -> None:
    await inject_fault(discord_standin, "status:429", via=False)
    with pytest.raises(discord.HTTPException) as response:
        await send_message(discord_standin)
    assert response.value.status == 429


async def test_a_delay_delays_and_a_hang_ends_without_a_response(discord_standin: DiscordStandIn) -> None:
    path = f"/channels/{discord_standin.channel_id}/messages"
    await inject_fault(discord_standin, "delay:0.2")
    begun = time.monotonic()
    await discord_standin.call_rest_ok("POST", path, {"content": "late"})
    assert time.monotonic() - begun >= 0.2
    await inject_fault(discord_standin, "hang:0.2")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await discord_standin.call_rest("POST", path, {"content": "never"})
    assert time.monotonic() - begun >= 0.4
    assert [m["content"] for m in await discord_standin.list_messages_seen_by("ada")] == ["late"]


async def test_a_fault_affects_the_given_number_of_requests_and_can_be_removed(discord_standin: DiscordStandIn) -> None:
    await inject_fault(discord_standin, "status:500", times=2)
    path = f"/channels/{discord_standin.channel_id}/messages"
    statuses = [(await discord_standin.call_rest("POST", path, {"content": "x"}))[0] for _ in range(3)]
    assert statuses == [500, 500, 200]
    await inject_fault(discord_standin, "status:500", times=9)
    await discord_standin.call_page_api("DELETE", "/control/faults")
    await discord_standin.post_message(content="x")


async def test_a_fault_can_affect_downloads(discord_standin: DiscordStandIn) -> None:
    match = {"path_regex": "attachments"}
    await discord_standin.call_page_api("POST", "/control/faults", {"match": match, "action": "status:503"})
    async with discord_standin.http.get(f"{discord_standin.url}/attachments/1/2/a.png") as answer:
        assert answer.status == 503


async def test_an_unknown_action_is_refused(discord_standin: DiscordStandIn) -> None:
    response = await discord_standin.call_page_api("POST", "/control/faults", {"action": "explode"}, status=400)
    assert "explode" in response["message"]

"""Faults on request, met by the real discord.py as discord.md says it meets them."""

import time
from typing import Any

import aiohttp
import discord
import pytest

from tests.support.discord_standin import TOKEN, DiscordStandIn


async def inject_fault(stand_in: DiscordStandIn, action: str, **more: Any) -> None:
    match = {"method": "POST", "path_regex": "^/channels/.*/messages$"}
    await stand_in.call_page_api("POST", "/control/faults", {"match": match, "action": action, **more})


async def send_message(stand_in: DiscordStandIn, nonce: str = "job") -> discord.Message:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(TOKEN)
        return await client.get_partial_messageable(int(stand_in.channel_id)).send("x", nonce=nonce)


async def test_a_502_after_the_message_was_made_is_retried_to_the_same_message(stand_in: DiscordStandIn) -> None:
    await inject_fault(stand_in, "status_after:502")
    message = await send_message(stand_in)
    assert [m["id"] for m in await stand_in.list_messages_seen_by("ada")] == [str(message.id)]


async def test_a_503_is_an_error_at_once(stand_in: DiscordStandIn) -> None:
    await inject_fault(stand_in, "status:503")
    with pytest.raises(discord.DiscordServerError):
        await send_message(stand_in)
    assert await stand_in.list_messages_seen_by("ada") == []


@pytest.mark.parametrize(("action", "made"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_connection_leaves_the_message_made_or_not(
    stand_in: DiscordStandIn, action: str, made: int
) -> None:
    await inject_fault(stand_in, action)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await send_message(stand_in)
    assert len(await stand_in.list_messages_seen_by("ada")) == made
    await send_message(stand_in)
    assert len(await stand_in.list_messages_seen_by("ada")) == 1


async def test_a_429_without_via_is_an_error_at_once(stand_in: DiscordStandIn) -> None:
    await inject_fault(stand_in, "status:429", via=False)
    with pytest.raises(discord.HTTPException) as told:
        await send_message(stand_in)
    assert told.value.status == 429


async def test_a_delay_delays_and_a_hang_ends_without_an_answer(stand_in: DiscordStandIn) -> None:
    path = f"/channels/{stand_in.channel_id}/messages"
    await inject_fault(stand_in, "delay:0.2")
    begun = time.monotonic()
    await stand_in.call_rest_ok("POST", path, {"content": "late"})
    assert time.monotonic() - begun >= 0.2
    await inject_fault(stand_in, "hang:0.2")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await stand_in.call_rest("POST", path, {"content": "never"})
    assert time.monotonic() - begun >= 0.4
    assert [m["content"] for m in await stand_in.list_messages_seen_by("ada")] == ["late"]


async def test_a_fault_meets_so_many_requests_and_is_lifted_on_demand(stand_in: DiscordStandIn) -> None:
    await inject_fault(stand_in, "status:500", times=2)
    path = f"/channels/{stand_in.channel_id}/messages"
    statuses = [(await stand_in.call_rest("POST", path, {"content": "x"}))[0] for _ in range(3)]
    assert statuses == [500, 500, 200]
    await inject_fault(stand_in, "status:500", times=9)
    await stand_in.call_page_api("DELETE", "/control/faults")
    await stand_in.post_message(content="x")


async def test_a_fault_can_meet_downloads(stand_in: DiscordStandIn) -> None:
    match = {"path_regex": "attachments"}
    await stand_in.call_page_api("POST", "/control/faults", {"match": match, "action": "status:503"})
    async with stand_in.http.get(f"{stand_in.url}/attachments/1/2/a.png") as answer:
        assert answer.status == 503


async def test_an_unknown_action_is_refused(stand_in: DiscordStandIn) -> None:
    told = await stand_in.call_page_api("POST", "/control/faults", {"action": "explode"}, status=400)
    assert "explode" in told["message"]

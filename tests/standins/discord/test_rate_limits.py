"""Rate limits: headers, buckets, the global limit, and the 429 that discord.py understands."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import discord

from demo.standins.discord.rate_limits import RateLimiter
from tests.standins.discord.conftest import StandInStarter
from tests.support.discord_standin import TOKEN, DiscordStandIn

HEADERS = {"Authorization": f"Bot {TOKEN}"}


async def post_message(discord_standin: DiscordStandIn, channel_id: str) -> Any:
    url = f"{discord_standin.url}/api/v10/channels/{channel_id}/messages"
    async with discord_standin.http.post(url, json={"content": "x"}, headers=HEADERS) as answer:
        return answer.status, answer.headers, await answer.json()


async def test_the_sixth_message_in_five_seconds_is_refused_for_its_channel_alone(
    start_standin: StandInStarter,
) -> None:
    discord_standin = await start_standin(rate_limits=True)
    response = [await post_message(discord_standin, discord_standin.channel_id) for _ in range(5)]
    assert [headers["X-RateLimit-Remaining"] for _, headers, _ in response] == ["4", "3", "2", "1", "0"]
    assert {headers["X-RateLimit-Bucket"] for _, headers, _ in response} == {response[0][1]["X-RateLimit-Bucket"]}
    status, headers, body = await post_message(discord_standin, discord_standin.channel_id)
    assert status == 429
    assert (body["message"], body["global"]) == ("You are being rate limited.", False)
    assert 0 < body["retry_after"] <= 5
    assert headers["Via"]
    assert headers["X-RateLimit-Scope"] == "user"
    assert int(headers["Retry-After"]) >= body["retry_after"]
    other = next(c.id for c in discord_standin.state.channels.values() if c.name == "gallery")
    assert (await post_message(discord_standin, other))[0] == 200


async def test_the_51st_request_of_a_second_meets_the_global_limit_and_webhooks_do_not() -> None:
    limits = RateLimiter(lambda: 1000.0)
    for number in range(50):
        assert limits.count_request("GET", f"/channels/{number}", by_bot=True)[0] is None
    refused, _ = limits.count_request("GET", "/channels/51", by_bot=True)
    assert refused is not None
    assert refused.headers["X-RateLimit-Scope"] == "global"
    assert refused.headers["X-RateLimit-Global"] == "true"
    assert limits.count_request("PATCH", "/webhooks/1/token/messages/@original", by_bot=False)[0] is None


async def test_interaction_callbacks_are_bound_to_no_bucket() -> None:
    limits = RateLimiter(lambda: 1000.0)
    for _ in range(100):
        assert limits.count_request("POST", "/interactions/1/token/callback", by_bot=False) == (None, {})


async def test_each_interaction_token_has_its_own_bucket() -> None:
    limits = RateLimiter(lambda: 1000.0)
    path = "/webhooks/1/{}/messages/@original"
    taken = [limits.count_request("PATCH", path.format("a"), by_bot=False)[0] for _ in range(6)]
    assert [refused is not None for refused in taken] == [False] * 5 + [True]
    assert limits.count_request("PATCH", path.format("b"), by_bot=False)[0] is None


async def test_discord_py_obeys_the_headers_and_never_gets_a_429(start_standin: StandInStarter, tmp_path: Path) -> None:
    record = tmp_path / "exchanges.jsonl"
    discord_standin = await start_standin(rate_limits=True, record=record)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(TOKEN)
        place = client.get_partial_messageable(int(discord_standin.channel_id))
        begun = time.monotonic()
        messages = [await place.send("x") for _ in range(5)]
        await asyncio.gather(*(message.delete() for message in messages))
        extra = await place.send("after the window")
        assert time.monotonic() - begun > 4
        await extra.delete()
    statuses = [json.loads(line)["status"] for line in record.read_text().splitlines()]
    assert 429 not in statuses


async def test_a_scheduled_429_is_waited_out_by_discord_py(discord_standin: DiscordStandIn) -> None:
    fault = {
        "match": {"method": "POST", "path_regex": "/messages$"},
        "action": "status:429",
        "times": 1,
        "retry_after": 0.2,
    }
    await discord_standin.call_page_api("POST", "/control/faults", fault)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(TOKEN)
        begun = time.monotonic()
        await client.get_partial_messageable(int(discord_standin.channel_id)).send("x")
        assert time.monotonic() - begun >= 0.2
    assert len(await discord_standin.list_messages_seen_by("ada")) == 1

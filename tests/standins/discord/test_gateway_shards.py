"""Shards of the gateway: what each of them is sent, and which identifies are refused."""

from typing import Any

import pytest

from tests.standins.discord.conftest import StandInStarter
from tests.standins.discord.test_gateway import GatewaySocket, connect_gateway
from tests.support.discord_standin import DiscordStandIn

INVALID_SHARD, SHARDING_REQUIRED = 4010, 4011
SHARDS = 4


async def identify_shard(socket: GatewaySocket, shard_id: int, *, intents: int = 1 | 1 << 12) -> Any:
    """Identify one of the shards; return READY, or what came instead of it."""
    await socket.receive_payload()
    await socket.identify(intents=intents, shard=[shard_id, SHARDS])
    return await socket.receive_payload()


async def add_guild_on_shard(discord_standin: DiscordStandIn, shard_id: int) -> Any:
    while True:
        guild = await discord_standin.call_page_api("POST", "/control/guilds", {"name": f"shard {shard_id}"})
        if (int(guild["id"]) >> 22) % SHARDS == shard_id:
            return guild


async def test_events_of_a_guild_come_on_its_shard_and_those_without_a_guild_on_the_first(
    start_standin: StandInStarter,
) -> None:
    discord_standin = await start_standin(shards=SHARDS)
    advice = await discord_standin.call_rest_ok("GET", "/gateway/bot")
    guild = await add_guild_on_shard(discord_standin, 2)
    own_shard = (int(discord_standin.guild_id) >> 22) % SHARDS
    async with connect_gateway(discord_standin) as first, connect_gateway(discord_standin) as second:
        assert (await identify_shard(first, 0))["t"] == "READY"
        ready = await identify_shard(second, 2)

        assert advice["shards"] == SHARDS
        assert ready["d"]["shard"] == [2, SHARDS]
        assert guild["id"] in [one["id"] for one in ready["d"]["guilds"]]
        assert {(int(one["id"]) >> 22) % SHARDS for one in ready["d"]["guilds"]} == {2}
        while (await second.receive_payload())["d"]["id"] != guild["id"]:
            pass
        while own_shard == 0 and (await first.receive_payload())["t"] != "GUILD_CREATE":
            pass
        await discord_standin.call_page_api("POST", "/control/channels", {"name": "new", "guild_id": guild["id"]})
        channel = await second.receive_payload()
        assert (channel["t"], channel["d"]["guild_id"]) == ("CHANNEL_CREATE", guild["id"])
        message = await discord_standin.call_page_api("POST", "/control/dms", {"user": "ada"})
        await discord_standin.call_page_api(
            "POST", f"/client/channels/{message['id']}/messages?user=ada", {"content": "hi"}
        )
        events = [await first.receive_payload()]
        while events[-1]["t"] != "MESSAGE_CREATE":
            events.append(await first.receive_payload())
        assert {event["d"].get("guild_id") for event in events if event["t"] == "MESSAGE_CREATE"} == {None}


@pytest.mark.parametrize("shard", [[4, 4], [-1, 4], [0, 0], [0], [0, 1, 2], ["0", "4"], "0"])
async def test_a_shard_that_does_not_exist_closes_the_connection(discord_standin: DiscordStandIn, shard: Any) -> None:
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.identify(shard=shard)

        assert await socket.receive_payload() == INVALID_SHARD


async def test_too_few_shards_for_the_guilds_close_the_connection(start_standin: StandInStarter) -> None:
    discord_standin = await start_standin(guilds_per_shard=1)
    await add_guild_on_shard(discord_standin, (int(discord_standin.guild_id) >> 22) % SHARDS ^ 1)
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.identify()

        assert await socket.receive_payload() == SHARDING_REQUIRED


async def test_shards_that_share_their_concurrency_may_not_identify_at_once(start_standin: StandInStarter) -> None:
    discord_standin = await start_standin(max_concurrency=2)
    answers = []
    for shard_id in (0, 1, 2):
        async with connect_gateway(discord_standin) as socket:
            answers.append((await identify_shard(socket, shard_id))["op"])

    assert answers == [0, 0, 9]
    assert (await discord_standin.call_page_api("GET", "/control/state"))["rejected_identifies"] == 1

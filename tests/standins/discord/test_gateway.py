"""The gateway: identify, heartbeat, resume, reconnect, invalid sessions, close codes, intents."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest

from tests.standins.discord.conftest import StandInStarter
from tests.support.discord_standin import TOKEN, CommandBot, DiscordStandIn, run_bot, wait_until

PROPERTIES = {"os": "linux", "browser": "test", "device": "test"}


class GatewaySocket:
    """A bare gateway client."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._inflator = zlib.decompressobj()

    async def receive_payload(self) -> Any:
        """Return the next payload, or the close code as an int."""
        message = await self.socket.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.BINARY:
            return json.loads(self._inflator.decompress(message.data))
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else self.socket.close_code

    async def send_payload(self, op: int, d: Any) -> None:
        await self.socket.send_json({"op": op, "d": d})

    async def identify(self, **change: Any) -> None:
        await self.send_payload(2, {"token": TOKEN, "intents": 1, "properties": PROPERTIES, **change})


@asynccontextmanager
async def connect_gateway(
    discord_standin: DiscordStandIn, query: str = "?v=10&encoding=json"
) -> AsyncIterator[GatewaySocket]:
    async with discord_standin.http.ws_connect(f"{discord_standin.url}/gateway{query}") as socket:
        yield GatewaySocket(socket)


@pytest.mark.parametrize("query", ["?v=10", "?v=10&compress=zlib-stream"])
async def test_a_session_begins_with_hello_ready_and_the_guild(discord_standin: DiscordStandIn, query: str) -> None:
    async with connect_gateway(discord_standin, query) as socket:
        hello = await socket.receive_payload()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        await socket.identify()
        ready, guild = await socket.receive_payload(), await socket.receive_payload()
        assert (ready["t"], ready["s"], ready["d"]["guilds"][0]["unavailable"]) == ("READY", 1, True)
        assert (guild["t"], guild["s"], guild["d"]["name"]) == ("GUILD_CREATE", 2, "Pentimento Studio")
        assert [c["name"] for c in guild["d"]["channels"]] == ["general", "gallery"]
        await socket.send_payload(1, 2)
        assert (await socket.receive_payload())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 1, "properties": PROPERTIES}, 4004),
        (2, {"token": TOKEN, "intents": 1 << 15, "properties": PROPERTIES}, 4014),
        (2, {"token": TOKEN, "intents": 1 << 30, "properties": PROPERTIES}, 4013),
        (2, {"token": TOKEN, "intents": 1, "properties": PROPERTIES, "shard": [1, 1]}, 4010),
        (2, {"token": TOKEN, "intents": 1}, 4002),
        (3, {}, 4003),
        (6, {"token": TOKEN, "session_id": "x", "seq": "one"}, 4002),
        (2, {"token": TOKEN, "intents": 1, "properties": {"os": "x" * 5000}}, 4002),
    ],
)
async def test_an_invalid_first_payload_closes_the_connection(
    discord_standin: DiscordStandIn, op: int, data: Any, code: int
) -> None:
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.send_payload(op, data)
        assert await socket.receive_payload() == code


async def test_a_second_identify_an_unknown_op_or_another_version_closes_the_connection(
    discord_standin: DiscordStandIn,
) -> None:
    for op, code in ((2, 4005), (99, 4001)):
        async with connect_gateway(discord_standin) as socket:
            await socket.receive_payload()
            await socket.identify()
            await socket.receive_payload()
            await socket.receive_payload()
            await (socket.identify() if op == 2 else socket.send_payload(op, None))
            assert await socket.receive_payload() == code
    async with connect_gateway(discord_standin, "?v=8") as socket:
        assert await socket.receive_payload() == 4012


async def test_more_than_120_payloads_a_minute_close_the_connection(discord_standin: DiscordStandIn) -> None:
    async with connect_gateway(discord_standin) as socket:
        for _ in range(121):
            await socket.send_payload(1, None)
        response = [await socket.receive_payload() for _ in range(122)]
        assert response[-1] == 4008


async def test_a_client_without_heartbeats_is_dropped(start_standin: StandInStarter) -> None:
    discord_standin = await start_standin(heartbeat_seconds=0.05)
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        assert await socket.receive_payload() == 4009


async def test_a_resume_replays_what_was_missed_and_says_so(discord_standin: DiscordStandIn) -> None:
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.identify()
        session_id = (await socket.receive_payload())["d"]["session_id"]
        await socket.receive_payload()
        await socket.socket.close(code=4000)
    await discord_standin.register_command()
    missed = await discord_standin.invoke_command("go")
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.send_payload(6, {"token": TOKEN, "session_id": session_id, "seq": 2})
        replayed, resumed = await socket.receive_payload(), await socket.receive_payload()
        assert (replayed["t"], replayed["s"], replayed["d"]["id"]) == ("INTERACTION_CREATE", 3, missed)
        assert resumed["t"] == "RESUMED"


async def test_an_unknown_session_is_invalid_and_a_future_sequence_closes(discord_standin: DiscordStandIn) -> None:
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.send_payload(6, {"token": TOKEN, "session_id": "gone", "seq": 2})
        invalid = await socket.receive_payload()
        assert (invalid["op"], invalid["d"]) == (9, False)
        await socket.identify()
        session_id = (await socket.receive_payload())["d"]["session_id"]
        await socket.receive_payload()
        await socket.socket.close(code=4000)
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.send_payload(6, {"token": TOKEN, "session_id": session_id, "seq": 99})
        assert await socket.receive_payload() == 4007


async def test_a_session_ends_when_its_client_closes_normally(discord_standin: DiscordStandIn) -> None:
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.identify()
        await socket.receive_payload()
        await socket.socket.close(code=1000)

    async def gone() -> bool:
        return not discord_standin.gateway.sessions

    await wait_until(gone)


async def test_only_events_of_the_requested_intents_are_sent(discord_standin: DiscordStandIn) -> None:
    async with (
        connect_gateway(discord_standin) as guilds,
        connect_gateway(discord_standin) as messages,
        connect_gateway(discord_standin) as nothing,
    ):
        for socket, intents in ((guilds, 1), (messages, 1 | 1 << 9), (nothing, 0)):
            await socket.receive_payload()
            await socket.identify(intents=intents)
            await socket.receive_payload()
        await guilds.receive_payload()
        await messages.receive_payload()
        message = await discord_standin.call_page_api(
            "POST", f"/client/channels/{discord_standin.channel_id}/messages?user=ada", {"content": "secret"}
        )
        await discord_standin.call_rest_ok(
            "POST", f"/channels/{discord_standin.channel_id}/messages/{message['id']}/threads", {"name": "t"}
        )
        await discord_standin.register_command()
        await discord_standin.invoke_command("go")
        assert [(await guilds.receive_payload())["t"] for _ in range(2)] == ["THREAD_CREATE", "INTERACTION_CREATE"]
        assert (await nothing.receive_payload())["t"] == "INTERACTION_CREATE"
        response = [await messages.receive_payload() for _ in range(4)]
        assert [event["t"] for event in response] == [
            "MESSAGE_CREATE",
            "THREAD_CREATE",
            "MESSAGE_UPDATE",
            "INTERACTION_CREATE",
        ]
        assert response[0]["d"]["content"] == ""
        assert response[0]["d"]["guild_id"] == discord_standin.guild_id


class AnsweringBot(CommandBot):
    """A bot that answers /go and remembers which interactions it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen_interactions: list[str] = []
        self.tree.command(name="go", description="Go.")(self.answer_go)

    async def answer_go(self, interaction: discord.Interaction[CommandBot]) -> None:
        self.seen_interactions.append(str(interaction.id))
        await interaction.response.send_message("went")


@pytest.mark.parametrize("op", ["reconnect", "close:4000", "close:1001"])
async def test_discord_py_resumes_and_misses_no_interaction(discord_standin: DiscordStandIn, op: str) -> None:
    async with run_bot(AnsweringBot()) as bot:
        await discord_standin.call_page_api("POST", "/control/gateway", {"op": op})
        interaction = await discord_standin.invoke_command("go")
        await discord_standin.wait_for_interaction(interaction, lambda i: i["acknowledged"])

        async def resumed() -> int:
            return bot.resume_count

        assert await wait_until(resumed) == 1
        assert bot.identify_count == 1


async def test_discord_py_resumes_after_a_resumable_invalid_session(discord_standin: DiscordStandIn) -> None:
    async with run_bot(AnsweringBot()) as bot:
        await discord_standin.call_page_api("POST", "/control/gateway", {"op": "invalid_session_resumable"})

        async def resumed() -> int:
            return bot.resume_count

        assert await wait_until(resumed) == 1


async def test_an_invalid_session_is_forgotten(discord_standin: DiscordStandIn) -> None:
    async with connect_gateway(discord_standin) as socket:
        await socket.receive_payload()
        await socket.identify()
        await socket.receive_payload()
        await socket.receive_payload()
        await discord_standin.call_page_api("POST", "/control/gateway", {"op": "invalid_session"})
        invalid = await socket.receive_payload()
        assert (invalid["op"], invalid["d"]) == (9, False)
        assert discord_standin.gateway.sessions == {}
        await socket.identify()
        assert (await socket.receive_payload())["t"] == "READY"


async def test_a_silent_gateway_delivers_late(discord_standin: DiscordStandIn) -> None:
    async with run_bot(AnsweringBot()):
        await discord_standin.call_page_api("POST", "/control/gateway", {"op": "silence:0.4"})
        interaction = await discord_standin.invoke_command("go")
        await asyncio.sleep(0.2)
        assert not (await discord_standin.fetch_interaction(interaction))["acknowledged"]
        await discord_standin.wait_for_interaction(interaction, lambda i: i["acknowledged"])


async def test_an_interaction_can_be_delivered_twice(discord_standin: DiscordStandIn) -> None:
    bot = AnsweringBot()
    async with run_bot(bot):
        await discord_standin.call_page_api("POST", "/control/gateway", {"op": "duplicate_interactions:1"})
        interaction = await discord_standin.invoke_command("go")

        async def twice() -> bool:
            return bot.seen_interactions == [interaction, interaction]

        await wait_until(twice)
        assert (await discord_standin.fetch_interaction(interaction))["failed"] is False


async def test_a_wrong_token_is_a_login_failure(discord_standin: DiscordStandIn) -> None:
    with pytest.raises(discord.LoginFailure):
        async with run_bot(CommandBot(), token="wrong"):
            pass
    assert discord_standin.gateway.sessions == {}


async def test_a_channel_added_by_the_control_api_is_known_to_the_bot_at_once(discord_standin: DiscordStandIn) -> None:
    async with run_bot(CommandBot()) as bot:
        made = await discord_standin.call_page_api("POST", "/control/channels", {"name": "new"})

        async def known() -> Any:
            return bot.get_channel(int(made["id"]))

        assert str(await wait_until(known)) == "new"
        await discord_standin.call_page_api("POST", "/control/guild/remove")

        async def left() -> bool:
            return not bot.guilds

        await wait_until(left)

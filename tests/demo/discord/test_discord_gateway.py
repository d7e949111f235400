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

from tests.demo.discord.conftest import Starting
from tests.demo.discord.harness import TOKEN, Bot, StandIn, online, until

PROPERTIES = {"os": "linux", "browser": "test", "device": "test"}


class Socket:
    """A bare gateway client."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._inflator = zlib.decompressobj()

    async def next(self) -> Any:
        """Return the next payload, or the close code as an int."""
        message = await self.socket.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.BINARY:
            return json.loads(self._inflator.decompress(message.data))
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else self.socket.close_code

    async def send(self, op: int, d: Any) -> None:
        await self.socket.send_json({"op": op, "d": d})

    async def identify(self, **change: Any) -> None:
        await self.send(2, {"token": TOKEN, "intents": 1, "properties": PROPERTIES, **change})


@asynccontextmanager
async def connected(stand_in: StandIn, query: str = "?v=10&encoding=json") -> AsyncIterator[Socket]:
    async with stand_in.http.ws_connect(f"{stand_in.url}/gateway{query}") as socket:
        yield Socket(socket)


@pytest.mark.parametrize("query", ["?v=10", "?v=10&compress=zlib-stream"])
async def test_a_session_begins_with_hello_ready_and_the_guild(stand_in: StandIn, query: str) -> None:
    async with connected(stand_in, query) as socket:
        hello = await socket.next()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        await socket.identify()
        ready, guild = await socket.next(), await socket.next()
        assert (ready["t"], ready["s"], ready["d"]["guilds"][0]["unavailable"]) == ("READY", 1, True)
        assert (guild["t"], guild["s"], guild["d"]["name"]) == ("GUILD_CREATE", 2, "Pentimento Studio")
        assert [c["name"] for c in guild["d"]["channels"]] == ["general", "gallery"]
        await socket.send(1, 2)
        assert (await socket.next())["op"] == 11


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
async def test_a_wrong_beginning_closes_the_connection(stand_in: StandIn, op: int, data: Any, code: int) -> None:
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.send(op, data)
        assert await socket.next() == code


async def test_identifying_twice_unknown_ops_and_other_versions_close_the_connection(stand_in: StandIn) -> None:
    for op, code in ((2, 4005), (99, 4001)):
        async with connected(stand_in) as socket:
            await socket.next()
            await socket.identify()
            await socket.next()
            await socket.next()
            await (socket.identify() if op == 2 else socket.send(op, None))
            assert await socket.next() == code
    async with connected(stand_in, "?v=8") as socket:
        assert await socket.next() == 4012


async def test_more_than_120_payloads_a_minute_close_the_connection(stand_in: StandIn) -> None:
    async with connected(stand_in) as socket:
        for _ in range(121):
            await socket.send(1, None)
        told = [await socket.next() for _ in range(122)]
        assert told[-1] == 4008


async def test_a_client_without_heartbeats_is_dropped(start: Starting) -> None:
    stand_in = await start(heartbeat_seconds=0.05)
    async with connected(stand_in) as socket:
        await socket.next()
        assert await socket.next() == 4009


async def test_a_resume_replays_what_was_missed_and_says_so(stand_in: StandIn) -> None:
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.identify()
        session_id = (await socket.next())["d"]["session_id"]
        await socket.next()
        await socket.socket.close(code=4000)
    await stand_in.command()
    missed = await stand_in.invoke("go")
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.send(6, {"token": TOKEN, "session_id": session_id, "seq": 2})
        replayed, resumed = await socket.next(), await socket.next()
        assert (replayed["t"], replayed["s"], replayed["d"]["id"]) == ("INTERACTION_CREATE", 3, missed)
        assert resumed["t"] == "RESUMED"


async def test_an_unknown_session_is_invalid_and_a_future_sequence_closes(stand_in: StandIn) -> None:
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.send(6, {"token": TOKEN, "session_id": "gone", "seq": 2})
        invalid = await socket.next()
        assert (invalid["op"], invalid["d"]) == (9, False)
        await socket.identify()
        session_id = (await socket.next())["d"]["session_id"]
        await socket.next()
        await socket.socket.close(code=4000)
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.send(6, {"token": TOKEN, "session_id": session_id, "seq": 99})
        assert await socket.next() == 4007


async def test_a_session_ends_when_its_client_says_goodbye(stand_in: StandIn) -> None:
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.identify()
        await socket.next()
        await socket.socket.close(code=1000)

    async def gone() -> bool:
        return not stand_in.gateway.sessions

    await until(gone)


async def test_only_events_of_the_asked_intents_are_sent(stand_in: StandIn) -> None:
    async with connected(stand_in) as guilds, connected(stand_in) as messages, connected(stand_in) as nothing:
        for socket, intents in ((guilds, 1), (messages, 1 | 1 << 9), (nothing, 0)):
            await socket.next()
            await socket.identify(intents=intents)
            await socket.next()
        await guilds.next()
        await messages.next()
        message = await stand_in.call(
            "POST", f"/client/channels/{stand_in.channel_id}/messages?user=ada", {"content": "secret"}
        )
        await stand_in.done("POST", f"/channels/{stand_in.channel_id}/messages/{message['id']}/threads", {"name": "t"})
        await stand_in.command()
        await stand_in.invoke("go")
        assert [(await guilds.next())["t"] for _ in range(2)] == ["THREAD_CREATE", "INTERACTION_CREATE"]
        assert (await nothing.next())["t"] == "INTERACTION_CREATE"
        told = [await messages.next() for _ in range(4)]
        assert [event["t"] for event in told] == [
            "MESSAGE_CREATE",
            "THREAD_CREATE",
            "MESSAGE_UPDATE",
            "INTERACTION_CREATE",
        ]
        assert told[0]["d"]["content"] == ""
        assert told[0]["d"]["guild_id"] == stand_in.guild_id


class Answering(Bot):
    """A bot that answers /go and remembers which interactions it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.tree.command(name="go", description="Go.")(self.go)

    async def go(self, interaction: discord.Interaction[Bot]) -> None:
        self.seen.append(str(interaction.id))
        await interaction.response.send_message("went")


@pytest.mark.parametrize("op", ["reconnect", "close:4000", "close:1001"])
async def test_discord_py_resumes_and_misses_no_interaction(stand_in: StandIn, op: str) -> None:
    async with online(Answering()) as bot:
        await stand_in.call("POST", "/control/gateway", {"op": op})
        asked = await stand_in.invoke("go")
        await stand_in.when(asked, lambda i: i["acknowledged"])

        async def resumed() -> int:
            return bot.resumes

        assert await until(resumed) == 1
        assert bot.identifies == 1


async def test_discord_py_resumes_after_a_resumable_invalid_session(stand_in: StandIn) -> None:
    async with online(Answering()) as bot:
        await stand_in.call("POST", "/control/gateway", {"op": "invalid_session_resumable"})

        async def resumed() -> int:
            return bot.resumes

        assert await until(resumed) == 1


async def test_an_invalid_session_is_forgotten(stand_in: StandIn) -> None:
    async with connected(stand_in) as socket:
        await socket.next()
        await socket.identify()
        await socket.next()
        await socket.next()
        await stand_in.call("POST", "/control/gateway", {"op": "invalid_session"})
        invalid = await socket.next()
        assert (invalid["op"], invalid["d"]) == (9, False)
        assert stand_in.gateway.sessions == {}
        await socket.identify()
        assert (await socket.next())["t"] == "READY"


async def test_a_silent_gateway_delivers_late(stand_in: StandIn) -> None:
    async with online(Answering()):
        await stand_in.call("POST", "/control/gateway", {"op": "silence:0.4"})
        asked = await stand_in.invoke("go")
        await asyncio.sleep(0.2)
        assert not (await stand_in.interaction(asked))["acknowledged"]
        await stand_in.when(asked, lambda i: i["acknowledged"])


async def test_an_interaction_can_come_twice(stand_in: StandIn) -> None:
    bot = Answering()
    async with online(bot):
        await stand_in.call("POST", "/control/gateway", {"op": "duplicate_interactions:1"})
        asked = await stand_in.invoke("go")

        async def twice() -> bool:
            return bot.seen == [asked, asked]

        await until(twice)
        assert (await stand_in.interaction(asked))["failed"] is False


async def test_a_wrong_token_is_a_login_failure(stand_in: StandIn) -> None:
    with pytest.raises(discord.LoginFailure):
        async with online(Bot(), token="wrong"):
            pass
    assert stand_in.gateway.sessions == {}


async def test_a_channel_made_by_control_is_known_to_the_bot_at_once(stand_in: StandIn) -> None:
    async with online(Bot()) as bot:
        made = await stand_in.call("POST", "/control/channels", {"name": "new"})

        async def known() -> Any:
            return bot.get_channel(int(made["id"]))

        assert str(await until(known)) == "new"
        await stand_in.call("POST", "/control/guild/remove")

        async def left() -> bool:
            return not bot.guilds

        await until(left)

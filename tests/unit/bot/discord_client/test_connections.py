"""Connections to Discord: when they break, and when they are tried again."""

import socket
import sys
from types import SimpleNamespace
from typing import Any

import discord.shard
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.discord_client.client import Bot
from bot.discord_client.connections import UNACKNOWLEDGED_SECONDS

LONGEST_DELAY_SECONDS = 256


async def refuse(_: web.Request) -> web.Response:
    raise web.HTTPUnauthorized


async def open_gateway(request: web.Request) -> web.WebSocketResponse:
    gateway = web.WebSocketResponse()
    await gateway.prepare(request)
    await gateway.receive()
    return gateway


async def test_login_limits_how_long_connections_may_be_silent_and_shards_may_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(vars(discord.shard), "ExponentialBackoff", vars(discord.shard)["ExponentialBackoff"])
    app = web.Application()
    app.add_routes([web.get("/users/@me", refuse), web.get("/gateway", open_gateway)])
    async with TestServer(app) as server, Bot([]) as bot:
        monkeypatch.setattr(discord.http.Route, "BASE", str(server.make_url("/")).rstrip("/"))
        with pytest.raises(discord.LoginFailure):
            await bot.login("token")
        gateway = await bot.http.ws_connect(str(server.make_url("/gateway")))
        connection: socket.socket = gateway.get_extra_info("socket")
        has_keepalive = connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if sys.platform == "linux":
            timeout = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert timeout == UNACKNOWLEDGED_SECONDS * 1000
        await gateway.close()
    parent: Any = SimpleNamespace(dispatch=None, _reconnect=True)
    backoff = discord.shard.Shard(parent, parent, lambda _: None)._backoff
    backoff._randfunc = lambda _, longest: longest

    assert has_keepalive
    assert max(backoff.delay() for _ in range(20)) == LONGEST_DELAY_SECONDS

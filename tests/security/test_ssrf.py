"""No attachment's address leads the bot into a private network: not by its name, its redirects or its encoding."""

import gzip
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.submission.attachments import (
    NonPublicAddressError,
    PublicResolver,
    fetch_attachment,
    open_http_session,
    validate_attachment,
)
from shared.addresses.http import ProxySettings
from shared.problems import RejectedError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
CDN = "cdn.discordapp.com"
LIMIT = 1 << 20


@dataclass
class FakeResolver(AbstractResolver):
    """A name server that somebody else runs."""

    addresses: tuple[str, ...]
    queried_hosts: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.queried_hosts.append(host)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


PRIVATE = (
    *("127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - what must be refused
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:a00:1::1"),
)
PUBLIC = ("162.159.130.233", "8.8.8.8", "2606:4700::6812:1", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_to_no_public_address_is_not_resolved(address: str) -> None:
    for addresses in ((address,), (PUBLIC[0], address), (address, PUBLIC[0])):
        with pytest.raises(NonPublicAddressError):
            await PublicResolver(FakeResolver(addresses)).resolve(CDN, 443)


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_name_that_leads_to_a_public_address_is(address: str) -> None:
    assert [one["host"] for one in await PublicResolver(FakeResolver((address,))).resolve(CDN, 443)] == [address]


async def test_localhost_is_this_machine_and_nothing_else() -> None:
    assert await PublicResolver(FakeResolver(("127.0.0.1", "::1"))).resolve("localhost", 80)
    for address in ("10.0.0.1", PUBLIC[0]):
        with pytest.raises(NonPublicAddressError):
            await PublicResolver(FakeResolver((address,))).resolve("localhost", 80)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.0.1", "169.254.169.254", "fd00::1", "::ffff:10.0.0.1"])
def test_a_private_address_is_not_read_even_when_the_list_names_it(address: str) -> None:
    url = f"https://[{address}]/a.png" if ":" in address else f"https://{address}/a.png"

    assert [p.code for p in validate_attachment(url, 1, 10, (address, "::ffff:a00:1"))] == ["attachment_host"]


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.nip.example", "[::ffff:127.0.0.1]", "[::]"),
        *(
            "0",
            "0.0.0.0",  # noqa: S104 - what must be refused
            "127.0.0.2",
            "localhost.",
            "LOCALHOST.example",
            "127.0.0.1%00.example",
            "127。0。0。1。example",
        ),
    ],
)
def test_other_spellings_of_this_machine_are_not_in_the_list(host: str) -> None:
    for scheme in ("http", "https"):
        codes = [
            p.code for p in validate_attachment(f"{scheme}://{host}/a.png", 1, 10, ("127.0.0.1", "localhost", CDN))
        ]
        assert codes == ["attachment_host"]


class PrivateService:
    """A service of the private network, which must never be asked anything."""

    def __init__(self) -> None:
        self.requests = 0

    async def serve_secret(self, request: web.Request) -> web.Response:
        del request
        self.requests += 1
        return web.Response(body=PNG)

    async def serve_bomb(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=gzip.compress(PNG + bytes(64 << 20)), headers={"Content-Encoding": "gzip"})

    async def serve_redirect(self, request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"//{request.host}/secret.png"})


@pytest.fixture
async def inside() -> AsyncIterator[tuple[PrivateService, int]]:
    service = PrivateService()
    app = web.Application()
    for path, handler in (
        ("secret.png", service.serve_secret),
        ("bomb.png", service.serve_bomb),
        ("away.png", service.serve_redirect),
    ):
        app.router.add_get(f"/{path}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield service, runner.addresses[0][1]
    await runner.cleanup()


async def fetch_rejection(session: aiohttp.ClientSession, url: str, hosts: tuple[str, ...]) -> str:
    with pytest.raises(RejectedError) as refused:
        await fetch_attachment(session, url, 100, LIMIT, hosts, timeout_seconds=5)
    return ", ".join(p.code for p in refused.value.problems)


async def test_a_listed_name_that_turns_into_this_machine_is_refused_and_nothing_is_asked(
    inside: tuple[PrivateService, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, port = inside
    names = FakeResolver(("127.0.0.1",))
    monkeypatch.setattr(
        "bot.submission.attachments._is_trusted", lambda *_: True
    )  # as though https stood on the service's port
    async with open_http_session(names) as session:
        assert await fetch_rejection(session, f"http://{CDN}:{port}/secret.png", (CDN,)) == "attachment_host"

    assert names.queried_hosts == [CDN]
    assert service.requests == 0


async def test_the_same_service_is_read_where_the_operator_names_this_machine(
    inside: tuple[PrivateService, int],
) -> None:
    service, port = inside
    async with open_http_session() as session:
        for host in ("127.0.0.1", "localhost"):
            await fetch_attachment(session, f"http://{host}:{port}/secret.png", 100, LIMIT, (host,))

    assert service.requests == 2


async def test_no_redirect_is_followed_not_even_to_the_same_host(inside: tuple[PrivateService, int]) -> None:
    service, port = inside
    async with open_http_session() as session:
        assert await fetch_rejection(session, f"http://127.0.0.1:{port}/away.png", ("127.0.0.1",)) == "attachment_host"

    assert service.requests == 0


async def test_what_comes_packed_is_not_unpacked(inside: tuple[PrivateService, int]) -> None:
    _, port = inside
    async with open_http_session() as session:
        assert await fetch_rejection(session, f"http://127.0.0.1:{port}/bomb.png", ("127.0.0.1",)) == "attachment_type"


async def test_proxies_of_the_environment_are_not_asked(
    inside: tuple[PrivateService, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, port = inside
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with open_http_session() as session:
        await fetch_attachment(session, f"http://127.0.0.1:{port}/secret.png", 100, LIMIT, ("127.0.0.1",))

    assert service.requests == 1


async def test_the_proxy_of_the_settings_is_asked_wherever_it_is(inside: tuple[PrivateService, int]) -> None:
    service, port = inside
    proxies = ProxySettings(http=f"http://localhost:{port}")
    hosts, url = ("127.0.0.1",), "http://127.0.0.1:1/secret.png"
    async with open_http_session(proxies=proxies) as session:
        await fetch_attachment(session, url, 100, LIMIT, hosts, proxies=proxies)

    assert service.requests == 1


async def test_a_proxy_in_a_private_network_is_reached_and_nothing_else_there(
    inside: tuple[PrivateService, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, port = inside
    names = FakeResolver(("127.0.0.1",))
    proxies = ProxySettings(http=f"http://proxy.internal:{port}", excluded_hosts="cdn.internal")
    monkeypatch.setattr("bot.submission.attachments._is_trusted", lambda *_: True)
    async with open_http_session(names, proxies) as session:
        await fetch_attachment(session, f"http://{CDN}/secret.png", 100, LIMIT, (CDN,), proxies=proxies)
        inner = f"http://cdn.internal:{port}/secret.png"
        with pytest.raises(RejectedError) as refused:
            await fetch_attachment(session, inner, 100, LIMIT, ("cdn.internal",), proxies=proxies)

    assert [problem.code for problem in refused.value.problems] == ["attachment_host"]
    assert names.queried_hosts == ["proxy.internal", "cdn.internal"]
    assert service.requests == 1

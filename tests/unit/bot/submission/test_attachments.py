"""Pictures are fetched from the hosts of the list alone, within a size and a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.submission.attachments import fetch_attachment, validate_attachment
from shared.imaging.metadata import ImageType
from shared.problems import RejectedError

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
LIMIT = 200_000
HOSTS = ("127.0.0.1",)
DISCORD = ("cdn.discordapp.com", "media.discordapp.net")


async def serve_png(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(body=PNG)


async def serve_html(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(body=b"<!doctype html>" + bytes(50), content_type="image/png")


async def serve_redirect(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(request.url.with_path("/a.png"))


async def serve_other_host_redirect(request: web.Request) -> web.StreamResponse:
    del request
    raise web.HTTPFound("https://169.254.169.254/latest/meta-data")


async def serve_endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(PNG * 100)
    return response


async def serve_large(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(body=PNG + bytes(LIMIT))


async def serve_slowly(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(50):
        await response.write(PNG[:1])
        await asyncio.sleep(0.1)
    return response


async def serve_truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(PNG)
    assert request.transport is not None
    request.transport.close()
    return response


async def serve_empty(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response()


def serve_status(code: int) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(status=code, text="This content is no longer available.")

    return answer


@pytest.fixture
async def address() -> AsyncIterator[str]:
    app = web.Application()
    routes = {
        "a.png": serve_png,
        "page.png": serve_html,
        "redirect": serve_redirect,
        "elsewhere": serve_other_host_redirect,
        "endless": serve_endless,
    }
    routes |= {"large": serve_large, "slow": serve_slowly, "cut": serve_truncated, "empty": serve_empty}
    routes |= {f"status{code}": serve_status(code) for code in (403, 404, 410, 500, 206)}
    for path, handler in routes.items():
        app.router.add_get(f"/{path}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def fetch_rejection(url: str, *, size: int = 100, hosts: tuple[str, ...] = HOSTS, deadline: float = 5) -> str:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(RejectedError) as refused:
            await fetch_attachment(session, url, size, LIMIT, hosts, timeout_seconds=deadline)
    return ", ".join(p.code for p in refused.value.problems)


async def test_a_picture_comes_whole_with_its_type_told_by_its_bytes(address: str) -> None:
    async with aiohttp.ClientSession() as session:
        data, kind = await fetch_attachment(session, f"{address}/a.png?ex=1&is=2&hm=3", len(PNG), LIMIT, HOSTS)

    assert (data, kind) == (PNG, ImageType.PNG)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("page.png", "attachment_type"),
        ("redirect", "attachment_host"),
        ("elsewhere", "attachment_host"),
        ("endless", "attachment_too_large"),
        ("large", "attachment_too_large"),
        ("cut", "attachment_unreachable"),
        ("empty", "attachment_empty"),
        ("status403", "attachment_gone"),
        ("status404", "attachment_gone"),
        ("status410", "attachment_gone"),
        ("status500", "attachment_unreachable"),
        ("status206", "attachment_unreachable"),
    ],
)
async def test_what_is_no_picture_or_does_not_come_is_refused(address: str, path: str, code: str) -> None:
    assert await fetch_rejection(f"{address}/{path}") == code


async def test_a_download_that_drips_is_ended_by_its_deadline(address: str) -> None:
    started = asyncio.get_running_loop().time()

    assert await fetch_rejection(f"{address}/slow", deadline=0.3) == "attachment_unreachable"

    assert asyncio.get_running_loop().time() - started < 2


async def test_nobody_listening_is_told_as_unreachable(address: str) -> None:
    host, _, _ = address.rpartition(":")

    assert await fetch_rejection(f"{host}:1/a.png") == "attachment_unreachable"


async def test_a_declared_size_over_the_limit_is_refused_without_a_download(address: str) -> None:
    assert await fetch_rejection(f"{address}/a.png", size=LIMIT + 1) == "attachment_too_large"


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
        "https://media.discordapp.net:443/attachments/1/2/a.png",
        "https://CDN.discordapp.com/attachments/1/2/a.png",
    ],
)
def test_discords_file_servers_are_read(url: str) -> None:
    assert validate_attachment(url, 1, 10, DISCORD) == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/a.png",
        "https://cdn.discordapp.com:8443/a.png",
        "https://cdn.discordapp.com.evil.example/a.png",
        "https://evil.example/cdn.discordapp.com/a.png",
        "https://cdn.discordapp.com@evil.example/a.png",
        "https://user:pass@cdn.discordapp.com/a.png",
        "https://@cdn.discordapp.com.evil.example/a.png",
        "https://cdn.discordapp.com\\@evil.example/a.png",
        "https://cdn.discordapp.com./a.png",
        "https://xcdn.discordapp.com/a.png",
        "ftp://cdn.discordapp.com/a.png",
        "file:///etc/passwd",
        "//cdn.discordapp.com/a.png",
        "http://127.0.0.1/a.png",
        "http://169.254.169.254/latest",
        "http://[::1]/a.png",
        "https://[bad/a.png",
        "",
    ],
)
def test_everything_else_is_not(url: str) -> None:
    assert [p.code for p in validate_attachment(url, 1, 10, DISCORD)] == ["attachment_host"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/a.png", "http://localhost/a.png", "http://[::1]:99/a.png"])
def test_plain_http_is_for_loopback_hosts_of_the_list(url: str) -> None:
    assert validate_attachment(url, 1, 10, ("127.0.0.1", "localhost", "::1")) == ()


def test_plain_http_is_for_loopback_alone_even_in_the_list() -> None:
    assert [p.code for p in validate_attachment("http://10.0.0.1/a.png", 1, 10, ("10.0.0.1",))] == ["attachment_host"]


@given(st.text(max_size=80))
def test_no_address_makes_the_check_fail(url: str) -> None:
    for wrong in validate_attachment(url, 1, 10, DISCORD):
        assert wrong.code == "attachment_host"


def test_sizes_are_told_apart_from_their_limit() -> None:
    (wrong,) = validate_attachment("https://cdn.discordapp.com/a", 10 * 1024 * 1024 + 1, 10 * 1024 * 1024, DISCORD)

    assert wrong.facts == {"size": "10.000001 MiB", "limit": "10 MiB"}

"""Pictures are downloaded from allowed hosts only, within a size and a time limit."""

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
from shared.imaging.sniffing import ImageType
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
async def server_url() -> AsyncIterator[str]:
    app = web.Application()
    routes = {
        "a.png": serve_png,
        "page.png": serve_html,
        "redirect": serve_redirect,
        "other-host": serve_other_host_redirect,
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


async def fetch_rejection(
    url: str, *, size: int = 100, hosts: tuple[str, ...] = HOSTS, timeout_seconds: float = 5
) -> str:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(RejectedError) as rejection:
            await fetch_attachment(session, url, size, LIMIT, hosts, timeout_seconds=timeout_seconds)
    return ", ".join(p.code for p in rejection.value.problems)


async def test_a_picture_is_downloaded_whole_and_its_type_is_detected_from_its_content(server_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        data, image_type = await fetch_attachment(session, f"{server_url}/a.png?ex=1&is=2&hm=3", len(PNG), LIMIT, HOSTS)

    assert (data, image_type) == (PNG, ImageType.PNG)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("page.png", "attachment_type"),
        ("redirect", "attachment_host"),
        ("other-host", "attachment_host"),
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
async def test_a_file_that_is_no_picture_or_cannot_be_downloaded_is_rejected(
    server_url: str, path: str, code: str
) -> None:
    assert await fetch_rejection(f"{server_url}/{path}") == code


async def test_a_slow_download_ends_after_its_timeout(server_url: str) -> None:
    started = asyncio.get_running_loop().time()

    assert await fetch_rejection(f"{server_url}/slow", timeout_seconds=0.3) == "attachment_unreachable"

    assert asyncio.get_running_loop().time() - started < 2


async def test_a_port_without_a_server_is_unreachable(server_url: str) -> None:
    host, _, _ = server_url.rpartition(":")

    assert await fetch_rejection(f"{host}:1/a.png") == "attachment_unreachable"


async def test_a_declared_size_over_the_limit_is_rejected_without_a_download(server_url: str) -> None:
    assert await fetch_rejection(f"{server_url}/a.png", size=LIMIT + 1) == "attachment_too_large"


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
        "https://media.discordapp.net:443/attachments/1/2/a.png",
        "https://CDN.discordapp.com/attachments/1/2/a.png",
    ],
)
def test_urls_of_discords_file_servers_are_accepted(url: str) -> None:
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
def test_every_other_url_is_rejected(url: str) -> None:
    assert [p.code for p in validate_attachment(url, 1, 10, DISCORD)] == ["attachment_host"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/a.png", "http://localhost/a.png", "http://[::1]:99/a.png"])
def test_plain_http_is_accepted_for_allowed_loopback_hosts(url: str) -> None:
    assert validate_attachment(url, 1, 10, ("127.0.0.1", "localhost", "::1")) == ()


def test_plain_http_is_rejected_for_other_hosts_even_if_they_are_allowed() -> None:
    assert [p.code for p in validate_attachment("http://10.0.0.1/a.png", 1, 10, ("10.0.0.1",))] == ["attachment_host"]


@given(st.text(max_size=80))
def test_no_url_makes_the_validation_raise(url: str) -> None:
    for problem in validate_attachment(url, 1, 10, DISCORD):
        assert problem.code == "attachment_host"


def test_a_size_is_rounded_up_so_that_it_differs_from_its_limit() -> None:
    (problem,) = validate_attachment("https://cdn.discordapp.com/a", 10 * 1024 * 1024 + 1, 10 * 1024 * 1024, DISCORD)

    assert problem.facts == {"size": "10.1 MiB", "limit": "10 MiB"}

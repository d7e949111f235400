"""Downloads attachments: only from Discord's file servers, at public addresses, within a size and a time limit."""

import asyncio
import math
import socket
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from shared.addresses.http import NO_PROXIES, ProxySettings
from shared.errors import PentimentoError
from shared.imaging.sniffing import ImageType, sniff_image_type
from shared.problems import Problem, RejectedError, make_problem

FETCH_TIMEOUT_SECONDS: Final = 20.0
_CHUNK_BYTES: Final = 64 * 1024
_BYTES_PER_MIB: Final = 1024 * 1024
_GONE_STATUSES: Final = frozenset({403, 404, 410})  # an expired signature, a deleted file
_NAT64: Final = IPv6Network("64:ff9b::/96")  # https://www.rfc-editor.org/rfc/rfc6052


class NonPublicAddressError(PentimentoError, OSError):
    """A hostname resolves to an address that is not on the public internet."""


class PublicResolver(AbstractResolver):
    """Resolves hostnames to public addresses only, `localhost` to loopback only, and the operator's proxies to any.

    The connection is made to the resolved address, so a later lookup cannot change it. aiohttp does not resolve IP
    addresses; `validate_attachment` checks those.
    """

    def __init__(self, resolver: AbstractResolver, proxy_hosts: Collection[str] = ()) -> None:
        self._resolver = resolver
        self._proxy_hosts = proxy_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `NonPublicAddressError` if any of the addresses is not public, `OSError` if there is none."""
        results = await self._resolver.resolve(host, port, family)
        if host in self._proxy_hosts:
            return results
        is_allowed = _is_loopback if host == "localhost" else _is_public
        if not all(is_allowed(result["host"]) for result in results):
            raise NonPublicAddressError(f"{host} resolves to an address that is not public")
        return results

    async def close(self) -> None:
        await self._resolver.close()


def open_http_session(
    resolver: AbstractResolver | None = None, proxies: ProxySettings = NO_PROXIES
) -> aiohttp.ClientSession:
    """Open the session for `fetch_attachment`.

    It connects to public addresses and to the operator's proxies only, and decompresses nothing.
    """
    public_resolver = PublicResolver(resolver or aiohttp.DefaultResolver(), proxies.hosts)
    connector = aiohttp.TCPConnector(resolver=public_resolver)
    return aiohttp.ClientSession(connector=connector, auto_decompress=False)


def validate_attachment(
    url: str, size: int | None, max_bytes: int, allowed_hosts: Collection[str]
) -> tuple[Problem, ...]:
    """Return the problems of a picture's URL and of its declared size in bytes, if it has one."""
    return tuple(_find_problems(url, size, max_bytes, allowed_hosts))


async def fetch_attachment(
    session: aiohttp.ClientSession,
    url: str,
    size: int | None,
    max_bytes: int,
    allowed_hosts: Collection[str],
    *,
    timeout_seconds: float = FETCH_TIMEOUT_SECONDS,
    proxies: ProxySettings = NO_PROXIES,
) -> tuple[bytes, ImageType]:
    """Download a picture as `fetch_file` does, and detect its type from its content.

    Raises `RejectedError` with one of the `attachment_*` problems.
    """
    data = await fetch_file(
        session, url, size, max_bytes, allowed_hosts, timeout_seconds=timeout_seconds, proxies=proxies
    )
    image_type = sniff_image_type(data)
    if image_type is None:
        types = ", ".join(known.name for known in ImageType)
        raise RejectedError(make_problem("attachment_type", types=types))
    return data, image_type


async def fetch_file(
    session: aiohttp.ClientSession,
    url: str,
    size: int | None,
    max_bytes: int,
    allowed_hosts: Collection[str],
    *,
    timeout_seconds: float = FETCH_TIMEOUT_SECONDS,
    proxies: ProxySettings = NO_PROXIES,
) -> bytes:
    """Download a file of 1 to `max_bytes` bytes. Redirects are not followed.

    Raises `RejectedError` with one of the `attachment_*` problems.
    https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
    """
    problems = validate_attachment(url, size, max_bytes, allowed_hosts)
    if problems:
        raise RejectedError(*problems)
    try:
        async with asyncio.timeout(timeout_seconds):
            data = await _download_body(session, URL(url), max_bytes, proxies.choose_proxy(url))
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, NonPublicAddressError):
            raise RejectedError(make_problem("attachment_host", host=URL(url).host or "?")) from error
        raise RejectedError(make_problem("attachment_unreachable")) from error
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        raise RejectedError(make_problem("attachment_unreachable")) from error
    if not data:
        raise RejectedError(make_problem("attachment_empty"))
    return data


def make_too_large_problem(size: int, max_bytes: int) -> Problem:
    """Make the problem of a file of more than `max_bytes` bytes."""
    return make_problem("attachment_too_large", size=_format_mib(size), limit=_format_mib(max_bytes))


def _find_problems(url: str, size: int | None, max_bytes: int, allowed_hosts: Collection[str]) -> Iterator[Problem]:
    try:
        parsed = URL(url)
        host, is_trusted = parsed.host or "?", _is_trusted(parsed, allowed_hosts)
    except ValueError:
        host, is_trusted = "?", False
    if not is_trusted:
        yield make_problem("attachment_host", host=host)
    if size is not None and size > max_bytes:
        yield make_too_large_problem(size, max_bytes)
    if size == 0:
        yield make_problem("attachment_empty")


def _is_trusted(url: URL, allowed_hosts: Collection[str]) -> bool:
    """Tell whether a URL is HTTPS on the default port of an allowed host. Loopback may use HTTP and any port.

    Addresses of private networks are never trusted, even if they are allowed hosts.
    """
    host = url.host or ""
    if host not in allowed_hosts or url.user is not None or url.password is not None:
        return False
    if _is_loopback(host):
        return url.scheme in {"http", "https"}
    return url.scheme == "https" and url.is_default_port() and (_is_hostname(host) or _is_public(host))


def _is_loopback(host: str) -> bool:
    return host == "localhost" if _is_hostname(host) else ip_address(host).is_loopback


def _is_hostname(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _is_public(host: str) -> bool:
    """Tell whether an IP address, or the IPv4 address embedded in it, is on the public internet."""
    address = ip_address(host)
    if isinstance(address, IPv6Address):
        address = _extract_ipv4(address) or address
    return address.is_global and not address.is_multicast and not address.is_reserved


def _extract_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which a gateway or this machine translates an IPv6 address."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


async def _download_body(session: aiohttp.ClientSession, url: URL, max_bytes: int, proxy: str | None) -> bytes:
    headers = {"Accept-Encoding": "identity"}
    async with session.get(url, allow_redirects=False, headers=headers, proxy=proxy) as response:
        if response.status in _GONE_STATUSES:
            raise RejectedError(make_problem("attachment_gone"))
        if "Location" in response.headers:
            raise RejectedError(make_problem("attachment_host", host=_parse_host(response.headers["Location"])))
        if response.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise RejectedError(make_problem("attachment_unreachable"))
        if (response.content_length or 0) > max_bytes:
            raise RejectedError(make_too_large_problem(response.content_length or 0, max_bytes))
        data = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            data += chunk
            if len(data) > max_bytes:
                raise RejectedError(make_too_large_problem(len(data), max_bytes))
        return bytes(data)


def _parse_host(location: str) -> str:
    try:
        return URL(location).host or "?"
    except ValueError:
        return "?"


def _format_mib(size: int) -> str:
    """Format bytes as MiB, rounded up to a tenth: a size above a limit reads so."""
    return f"{math.ceil(10 * size / _BYTES_PER_MIB) / 10:g} MiB"

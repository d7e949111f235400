"""Fetching the attached picture: from Discord's file servers alone, at public addresses, within a size and a time."""

import asyncio
import socket
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from shared.errors import PentimentoError
from shared.imaging.metadata import ImageType, sniff_image_type
from shared.problems import Problem, RejectedError, make_problem

FETCH_TIMEOUT_SECONDS: Final = 20.0
_CHUNK_BYTES: Final = 64 * 1024
_BYTES_PER_MIB: Final = 1024 * 1024
_GONE_STATUSES: Final = frozenset({403, 404, 410})  # an expired signature, a deleted file
_NAT64: Final = IPv6Network("64:ff9b::/96")  # https://www.rfc-editor.org/rfc/rfc6052


class NonPublicAddressError(PentimentoError, OSError):
    """A name leads to an address that is not of the public internet."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone; `localhost` to loopback alone. The connection is made to what it gives.

    Addresses that are written as such are not resolved: `problems_of` looks at those.
    """

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `NonPublicAddressError` when any of the addresses is not public, `OSError` when there is none."""
        found = await self._resolver.resolve(host, port, family)
        fits = _is_loopback if host == "localhost" else _is_public
        if not all(fits(one["host"]) for one in found):
            raise NonPublicAddressError(f"{host} leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def open_http_session(resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """Open the session that `fetch` wants: it connects to public addresses alone and unpacks nothing."""
    connector = aiohttp.TCPConnector(resolver=PublicResolver(resolver or aiohttp.DefaultResolver()))
    return aiohttp.ClientSession(connector=connector, auto_decompress=False)


def validate_attachment(
    url: str, size: int | None, max_bytes: int, allowed_hosts: Collection[str]
) -> tuple[Problem, ...]:
    """What is wrong with a picture by what Discord says of it: its address and its declared `size` in bytes, if any."""
    return tuple(_find_problems(url, size, max_bytes, allowed_hosts))


async def fetch_attachment(
    session: aiohttp.ClientSession,
    url: str,
    size: int | None,
    max_bytes: int,
    allowed_hosts: Collection[str],
    *,
    timeout_seconds: float = FETCH_TIMEOUT_SECONDS,
) -> tuple[bytes, ImageType]:
    """Download the whole picture, at most `limit` bytes in `deadline` seconds; its type is told by its bytes.

    No redirect is followed. Raises `RejectedError` with one of the `attachment_*` problems.
    https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
    """
    wrong = validate_attachment(url, size, max_bytes, allowed_hosts)
    if wrong:
        raise RejectedError(*wrong)
    try:
        async with asyncio.timeout(timeout_seconds):
            data = await _download_body(session, URL(url), max_bytes)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, NonPublicAddressError):
            raise RejectedError(make_problem("attachment_host", host=URL(url).host or "?")) from error
        raise RejectedError(make_problem("attachment_unreachable")) from error
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        raise RejectedError(make_problem("attachment_unreachable")) from error
    if not data:
        raise RejectedError(make_problem("attachment_empty"))
    kind = sniff_image_type(data)
    if kind is None:
        types = ", ".join(known.name for known in ImageType)
        raise RejectedError(make_problem("attachment_type", types=types))
    return data, kind


def _find_problems(url: str, size: int | None, max_bytes: int, allowed_hosts: Collection[str]) -> Iterator[Problem]:
    try:
        address = URL(url)
        host, trusted = address.host or "?", _is_trusted(address, allowed_hosts)
    except ValueError:
        host, trusted = "?", False
    if not trusted:
        yield make_problem("attachment_host", host=host)
    if size is not None and size > max_bytes:
        yield _build_too_large_problem(size, max_bytes)
    if size == 0:
        yield make_problem("attachment_empty")


def _is_trusted(address: URL, allowed_hosts: Collection[str]) -> bool:
    """Https on its own port and a host of the list, to the letter; plain http and any port for loopback alone.

    No address of a private network is trusted, whatever the list says.
    """
    host = address.host or ""
    if host not in allowed_hosts or address.user is not None or address.password is not None:
        return False
    if _is_loopback(host):
        return address.scheme in {"http", "https"}
    return address.scheme == "https" and address.is_default_port() and (_is_hostname(host) or _is_public(host))


def _is_loopback(host: str) -> bool:
    return host == "localhost" if _is_hostname(host) else ip_address(host).is_loopback


def _is_hostname(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _is_public(address: str) -> bool:
    """Whether an address, or the IPv4 address that it carries, is of the public internet."""
    number = ip_address(address)
    if isinstance(number, IPv6Address):
        number = _extract_ipv4(number) or number
    return number.is_global and not number.is_multicast and not number.is_reserved


def _extract_ipv4(number: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway or this machine would go to for this one."""
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour


async def _download_body(session: aiohttp.ClientSession, address: URL, max_bytes: int) -> bytes:
    headers = {"Accept-Encoding": "identity"}
    async with session.get(address, allow_redirects=False, headers=headers) as response:
        if response.status in _GONE_STATUSES:
            raise RejectedError(make_problem("attachment_gone"))
        if "Location" in response.headers:
            raise RejectedError(make_problem("attachment_host", host=_parse_host(response.headers["Location"])))
        if response.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise RejectedError(make_problem("attachment_unreachable"))
        if (response.content_length or 0) > max_bytes:
            raise RejectedError(_build_too_large_problem(response.content_length or 0, max_bytes))
        data = bytearray()
        async for piece in response.content.iter_chunked(_CHUNK_BYTES):
            data += piece
            if len(data) > max_bytes:
                raise RejectedError(_build_too_large_problem(len(data), max_bytes))
        return bytes(data)


def _parse_host(location: str) -> str:
    try:
        return URL(location).host or "?"
    except ValueError:
        return "?"


def _build_too_large_problem(size: int, max_bytes: int) -> Problem:
    return make_problem("attachment_too_large", size=_format_mib(size, above=max_bytes), limit=_format_mib(max_bytes))


def _format_mib(size: int, above: int = 0) -> str:
    """Bytes as MiB, with as many digits as tell `size` from the limit it is `above`."""
    short = f"{size / _BYTES_PER_MIB:.1f}".removesuffix(".0")
    return (
        short + " MiB"
        if short != f"{above / _BYTES_PER_MIB:.1f}".removesuffix(".0")
        else f"{size / _BYTES_PER_MIB:.6f} MiB"
    )

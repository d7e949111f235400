"""Fetching the attached picture: from Discord's file servers alone, at public addresses, within a size and a time."""

import asyncio
import socket
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from shared.errors import Problem, Refused, problem
from shared.pictures import PictureType, sniff

DEADLINE: Final = 20.0
_PIECE: Final = 64 * 1024
_MIB: Final = 1024 * 1024
_GONE: Final = frozenset({403, 404, 410})  # an expired signature, a deleted file
_NAT64: Final = IPv6Network("64:ff9b::/96")  # https://www.rfc-editor.org/rfc/rfc6052


class NotPublicError(OSError):
    """A name leads to an address that is not of the public internet."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone; `localhost` to loopback alone. The connection is made to what it gives.

    Addresses that are written as such are not resolved: `problems_of` looks at those.
    """

    def __init__(self, names: AbstractResolver) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `NotPublicError` when any of the addresses is not public, `OSError` when there is none."""
        found = await self._names.resolve(host, port, family)
        fits = _loopback if host == "localhost" else _public
        if not all(fits(one["host"]) for one in found):
            raise NotPublicError(f"{host} leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._names.close()


def open_session(names: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """Open the session that `fetch` wants: it connects to public addresses alone and unpacks nothing."""
    connector = aiohttp.TCPConnector(resolver=PublicResolver(names or aiohttp.DefaultResolver()))
    return aiohttp.ClientSession(connector=connector, auto_decompress=False)


def problems_of(url: str, size: int | None, limit: int, hosts: Collection[str]) -> tuple[Problem, ...]:
    """What is wrong with a picture by what Discord says of it: its address and its declared `size` in bytes, if any."""
    return tuple(_problems(url, size, limit, hosts))


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    size: int | None,
    limit: int,
    hosts: Collection[str],
    *,
    deadline: float = DEADLINE,
) -> tuple[bytes, PictureType]:
    """Download the whole picture, at most `limit` bytes in `deadline` seconds; its type is told by its bytes.

    No redirect is followed. Raises `Refused` with one of the `attachment_*` problems.
    https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
    """
    wrong = problems_of(url, size, limit, hosts)
    if wrong:
        raise Refused(*wrong)
    try:
        async with asyncio.timeout(deadline):
            data = await _download(session, URL(url), limit)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, NotPublicError):
            raise Refused(problem("attachment_host", host=URL(url).host or "?")) from error
        raise Refused(problem("attachment_unreachable")) from error
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        raise Refused(problem("attachment_unreachable")) from error
    if not data:
        raise Refused(problem("attachment_empty"))
    kind = sniff(data)
    if kind is None:
        types = ", ".join(known.name for known in PictureType)
        raise Refused(problem("attachment_type", types=types))
    return data, kind


def _problems(url: str, size: int | None, limit: int, hosts: Collection[str]) -> Iterator[Problem]:
    try:
        address = URL(url)
        host, trusted = address.host or "?", _trusted(address, hosts)
    except ValueError:
        host, trusted = "?", False
    if not trusted:
        yield problem("attachment_host", host=host)
    if size is not None and size > limit:
        yield _too_large(size, limit)
    if size == 0:
        yield problem("attachment_empty")


def _trusted(address: URL, hosts: Collection[str]) -> bool:
    """Https on its own port and a host of the list, to the letter; plain http and any port for loopback alone.

    No address of a private network is trusted, whatever the list says.
    """
    host = address.host or ""
    if host not in hosts or address.user is not None or address.password is not None:
        return False
    if _loopback(host):
        return address.scheme in {"http", "https"}
    return address.scheme == "https" and address.is_default_port() and (_named(host) or _public(host))


def _loopback(host: str) -> bool:
    return host == "localhost" if _named(host) else ip_address(host).is_loopback


def _named(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _public(address: str) -> bool:
    """Whether an address, or the IPv4 address that it carries, is of the public internet."""
    number = ip_address(address)
    if isinstance(number, IPv6Address):
        number = _carried(number) or number
    return number.is_global and not number.is_multicast and not number.is_reserved


def _carried(number: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway or this machine would go to for this one."""
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour


async def _download(session: aiohttp.ClientSession, address: URL, limit: int) -> bytes:
    headers = {"Accept-Encoding": "identity"}
    async with session.get(address, allow_redirects=False, headers=headers) as response:
        if response.status in _GONE:
            raise Refused(problem("attachment_gone"))
        if "Location" in response.headers:
            raise Refused(problem("attachment_host", host=_host(response.headers["Location"])))
        if response.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise Refused(problem("attachment_unreachable"))
        if (response.content_length or 0) > limit:
            raise Refused(_too_large(response.content_length or 0, limit))
        data = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            data += piece
            if len(data) > limit:
                raise Refused(_too_large(len(data), limit))
        return bytes(data)


def _host(location: str) -> str:
    try:
        return URL(location).host or "?"
    except ValueError:
        return "?"


def _too_large(size: int, limit: int) -> Problem:
    return problem("attachment_too_large", size=_mib(size, above=limit), limit=_mib(limit))


def _mib(size: int, above: int = 0) -> str:
    """Bytes as MiB, with as many digits as tell `size` from the limit it is `above`."""
    short = f"{size / _MIB:.1f}".removesuffix(".0")
    return short + " MiB" if short != f"{above / _MIB:.1f}".removesuffix(".0") else f"{size / _MIB:.6f} MiB"

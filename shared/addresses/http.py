"""Reading the addresses of web services, of proxies, and the hosts from which pictures are downloaded."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # missing in typeshed

from shared.addresses.splitting import MAX_PORT, InvalidAddressError, split_address

_HTTP: Final = ("http", "https")
_LISTENING_ADDRESS: Final = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]+)):(?P<port>[0-9]{1,5})")
_HOST_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def parse_endpoint(text: str) -> str:
    """Return the address of a web service as it is. Raises `InvalidAddressError`."""
    parts = split_address(text, _HTTP)
    if not parts.host:
        raise InvalidAddressError("it names no host. Write https://host")
    if parts.username or parts.password:
        raise InvalidAddressError("it contains a user or a password, which are not sent there. Remove them")
    if parts.options:
        raise InvalidAddressError("it contains a ?. Remove it and all that follows it")
    return text


def parse_proxy(text: str) -> str:
    """Return the address of a proxy, with http:// if it has no scheme. Raises `InvalidAddressError`."""
    address = text if "://" in text else f"http://{text}"
    parts = split_address(address, _HTTP)
    if not parts.host:
        raise InvalidAddressError("it names no host. Write http://host:port")
    if parts.path.strip("/") or parts.options:
        raise InvalidAddressError("it contains more than a host and a port. Write http://host:port")
    return address


def parse_listening_address(text: str) -> tuple[str, int]:
    """Split the address on which a process listens into host and port, 0 for a free one.

    Raises `InvalidAddressError`.
    """
    matched = _LISTENING_ADDRESS.fullmatch(text)
    if matched is None or int(matched["port"]) > MAX_PORT:
        raise InvalidAddressError(
            f"its host and port cannot be read. Write host:port, as 127.0.0.1:9108, with a number up to {MAX_PORT}"
        )
    return matched["ipv6"] or matched["name"], int(matched["port"])


def parse_host(text: str) -> str:
    """Return the name or the IP address of a host, in lower case. Raises `InvalidAddressError`."""
    host = text.lower()
    try:
        address = ip_address(host)
    except ValueError:
        if not _HOST_NAME.fullmatch(host):
            raise InvalidAddressError(
                "one of them is not the name of a host. Write names alone, without https://, port, path or *"
            ) from None
        return host
    if not (address.is_global or address.is_loopback):
        raise InvalidAddressError("one of them is an address of a private network, from which nothing is downloaded")
    return str(address) if isinstance(address, IPv6Address) else host


@dataclass(frozen=True)
class ProxySettings:
    """The proxies for addresses of each scheme, and the hosts that are reached without one, separated by commas."""

    http: str | None = field(default=None, repr=False)
    https: str | None = field(default=None, repr=False)
    excluded_hosts: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of the proxies themselves."""
        return frozenset(urlsplit(proxy).hostname or "" for proxy in (self.http, self.https) if proxy)

    def choose_proxy(self, url: str) -> str | None:
        """Return the proxy for an address, by the rules of `urllib` and boto3."""
        parts = urlsplit(url)
        if proxy_bypass_environment(parts.netloc, {"no": self.excluded_hosts}):
            return None
        return self.https if parts.scheme in {"https", "wss"} else self.http


NO_PROXIES: Final = ProxySettings()

"""Reading `REDIS_URL`: redis://, rediss://, unix:// and sentinel://, with the options of `docs/operate/redis.md`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from shared.addresses.splitting import ENCODING_ADVICE, InvalidAddressError, SplitAddress, decode_part, split_address

DEFAULT_PORT: Final = 6379
DEFAULT_SENTINEL_PORT: Final = 26379

Transport = Literal["tcp", "tls", "unix"]

_SENTINEL: Final = "sentinel"
_TRANSPORTS: Final[Mapping[str, Transport]] = MappingProxyType(
    {"redis": "tcp", "rediss": "tls", "unix": "unix", _SENTINEL: "tcp"}
)
_CERTIFICATE_REQUIREMENTS: Final = ("required", "optional", "none")
_BOOLEANS: Final = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
)
_TLS_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_TLS_OPTIONS: Final = (*_TLS_FILES, "ssl_ca_path", "ssl_cert_reqs", "ssl_check_hostname", "ssl_password")
_SENTINEL_OPTIONS: Final = ("service", "sentinel_username", "sentinel_password", "ssl")
_OPTIONS: Final[Mapping[Transport, tuple[str, ...]]] = MappingProxyType(
    {
        "tcp": ("db", "protocol"),
        "tls": ("db", "protocol", *_TLS_OPTIONS),
        "unix": ("db", "protocol", "username", "password"),
    }
)


@dataclass(frozen=True)
class SentinelAddress:
    """The Sentinels that know where the primary of a service is.

    `options` are those of a connection of redis-py to a Sentinel, which hold its password.
    """

    service: str
    hosts: tuple[tuple[str, int], ...]
    options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RedisAddress:
    """A Redis server: how to reach it, and the options of a connection of redis-py to it, which hold the password.

    With `sentinel`, the options name no host: the Sentinels do.
    """

    transport: Transport
    options: Mapping[str, Any] = field(repr=False)
    sentinel: SentinelAddress | None = None

    @property
    def database(self) -> int:
        return int(self.options["db"])

    @property
    def public_url(self) -> str:
        """The address for Celery's messages: without password and options, and not what Celery connects to."""
        host, port = self.options.get("host", "unix-socket"), self.options.get("port", DEFAULT_PORT)
        if self.sentinel:
            host, port = self.sentinel.hosts[0]
        return f"redis://{f'[{host}]' if ':' in host else host}:{port}/{self.database}"


def parse_redis_address(text: str) -> RedisAddress:
    """Parse an address. Raises `InvalidAddressError`."""
    parts = split_address(text, _TRANSPORTS, (_SENTINEL,))
    transport = _read_transport(parts)
    _validate_option_names(parts, transport)
    location = (
        {} if parts.scheme == _SENTINEL else _read_socket_path(parts) if transport == "unix" else _read_host(parts)
    )
    credentials = {"username": parts.username, "password": parts.password}
    for name in credentials.keys() & parts.options.keys():
        if credentials[name] is not None:
            raise InvalidAddressError("its user or password stands twice. Remove one of them")
        credentials[name] = parts.options[name]
    options: dict[str, Any] = {**location, **{name: value for name, value in credentials.items() if value}}
    options["db"] = _read_database(parts, transport)
    if "protocol" in parts.options:
        options["protocol"] = _read_protocol(parts.options["protocol"])
    tls_options = _read_tls_options(parts.options) if transport == "tls" else {}
    options |= tls_options
    sentinel = _read_sentinel(parts, tls_options) if parts.scheme == _SENTINEL else None
    return RedisAddress(transport, MappingProxyType(options), sentinel)


def _read_transport(parts: SplitAddress) -> Transport:
    if parts.scheme != _SENTINEL:
        return _TRANSPORTS[parts.scheme]
    uses_tls = _BOOLEANS.get(parts.options.get("ssl", "false").lower())
    if uses_tls is None:
        raise InvalidAddressError("its option ssl is neither true nor false")
    return "tls" if uses_tls else "tcp"


def _read_sentinel(parts: SplitAddress, tls_options: Mapping[str, Any]) -> SentinelAddress:
    service = parts.options.get("service", "")
    if not service:
        raise InvalidAddressError(
            "it names no service. Write the name that sentinel.conf monitors: "
            "sentinel://host:26379,host:26379/0?service=NAME"
        )
    hosts = [(parts.host, parts.port), *parts.other_hosts]
    if not all(host for host, _ in hosts):
        raise InvalidAddressError("one of its Sentinels has no host. Write host:port, with commas in between")
    credentials = {name: parts.options.get(f"sentinel_{name}") for name in ("username", "password")}
    return SentinelAddress(
        service,
        tuple((host, port or DEFAULT_SENTINEL_PORT) for host, port in hosts),
        MappingProxyType({**tls_options, **{name: value for name, value in credentials.items() if value}}),
    )


def _validate_option_names(parts: SplitAddress, transport: Transport) -> None:
    names = parts.options.keys()
    allowed = (*_OPTIONS[transport], *(_SENTINEL_OPTIONS if parts.scheme == _SENTINEL else ()))
    if transport != "tls" and names & set(_TLS_OPTIONS):
        advice = "Add ssl=true" if parts.scheme == _SENTINEL else "Begin it with rediss://"
        raise InvalidAddressError(f"it has an option for TLS, but no TLS. {advice}, or remove the option")
    if names - set(allowed):
        known = ", ".join(allowed)
        raise InvalidAddressError(
            f"it has an option that is not known. With {parts.scheme}:// these are: {known}. {ENCODING_ADVICE}"
        )


def _read_host(parts: SplitAddress) -> dict[str, Any]:
    return {"host": parts.host or "localhost", "port": parts.port or DEFAULT_PORT}


def _read_socket_path(parts: SplitAddress) -> dict[str, Any]:
    path = decode_part(parts.path)
    if parts.host or parts.port or not path.strip("/"):
        raise InvalidAddressError(
            "it names no file from the root. Write unix:///folder/file.sock, or unix://user:password@/folder/file.sock"
        )
    return {"path": path}


def _read_database(parts: SplitAddress, transport: Transport) -> int:
    in_path = "" if transport == "unix" else decode_part(parts.path).removeprefix("/")
    in_options = parts.options.get("db", "")
    if in_path and in_options:
        raise InvalidAddressError("the number of its database stands twice. Remove one of them")
    number = in_path or in_options or "0"
    if not (number.isascii() and number.isdecimal()):
        raise InvalidAddressError(f"its database is not a number. Write 0 if you have no other. {ENCODING_ADVICE}")
    return int(number)


def _read_protocol(text: str) -> int:
    if text not in {"2", "3"}:
        raise InvalidAddressError("its option protocol is neither 2 nor 3")
    return int(text)


def _read_tls_options(options: Mapping[str, str]) -> dict[str, Any]:
    """Read the options of TLS. Without any, the server needs a certificate for its name, of a known authority."""
    requirement = options.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if requirement not in _CERTIFICATE_REQUIREMENTS:
        known = ", ".join(_CERTIFICATE_REQUIREMENTS)
        raise InvalidAddressError(f"its option ssl_cert_reqs is none of these: {known}")
    checks_name = _BOOLEANS.get(options.get("ssl_check_hostname", "true").lower())
    if checks_name is None:
        raise InvalidAddressError("its option ssl_check_hostname is neither true nor false")
    read: dict[str, Any] = {
        "ssl_cert_reqs": requirement,
        "ssl_check_hostname": checks_name and requirement != "none",  # no name can be checked without a certificate
    }
    for name in _TLS_FILES:
        if name in options:
            read[name] = _require_readable(name, options[name])
    if "ssl_ca_path" in options:
        read["ssl_ca_path"] = _require_readable("ssl_ca_path", options["ssl_ca_path"])
    if "ssl_password" in options:
        read["ssl_password"] = options["ssl_password"]
    return read


def _require_readable(name: str, path: str) -> str:
    if not os.access(path, os.R_OK):
        raise InvalidAddressError(f"the file of its option {name} is missing or cannot be read")
    return path

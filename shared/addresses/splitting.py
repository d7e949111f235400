"""Splitting a URL into its parts more strictly than `urllib`, which guesses where an unescaped password ends."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote

from shared.errors import PentimentoError

ENCODING_ADVICE: Final = (
    "In a user name and a password, write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25 and a space as %20"
)
MAX_PORT: Final = 65535

_HOST_AND_PORT: Final = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]*))(?::(?P<port>[0-9]{0,5}))?")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class InvalidAddressError(PentimentoError, ValueError):
    """An address cannot be used. The message quotes no part of it, fits behind a colon, and has no full stop."""


@dataclass(frozen=True)
class SplitAddress:
    """The parts of an address, decoded, except for the path, which begins with a slash if it is not empty."""

    scheme: str
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)
    host: str
    port: int | None
    other_hosts: tuple[tuple[str, int | None], ...]
    path: str
    options: Mapping[str, str] = field(repr=False)


def split_address(text: str, schemes: Collection[str], list_schemes: Collection[str] = ()) -> SplitAddress:
    """Split an address with one of these schemes; those of `list_schemes` may name several hosts, between commas.

    Raises `InvalidAddressError`.
    """
    scheme, rest = split_scheme(text, schemes)
    if "#" in rest:
        raise InvalidAddressError(f"it contains a #. {ENCODING_ADVICE}")
    location, _, query = rest.partition("?")
    authority, slash, path = location.partition("/")
    user_info, _, host_and_port = authority.rpartition("@")
    if "@" in f"{user_info}{path}{query}":
        raise InvalidAddressError(f"it contains an @ in the wrong place. {ENCODING_ADVICE}")
    username, _, password = user_info.partition(":")
    parts = host_and_port.split(",") if scheme in list_schemes else [host_and_port]
    (host, port), *other_hosts = [_split_host_and_port(part) for part in parts]
    return SplitAddress(
        scheme=scheme,
        username=decode_part(username) or None,
        password=decode_part(password) or None,
        host=host,
        port=port,
        other_hosts=tuple(other_hosts),
        path=slash + path,
        options=_split_options(query),
    )


def split_scheme(text: str, schemes: Collection[str]) -> tuple[str, str]:
    """Split an address into its scheme, in lower case, and the rest. Raises `InvalidAddressError`."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in schemes:
        *others, last = (f"{name}://" for name in schemes)
        known = " or ".join([", ".join(others), last] if others else [last])
        raise InvalidAddressError(f"it does not begin with {known}. Write the right one in front")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise InvalidAddressError(f"it contains a space or an invisible character. {ENCODING_ADVICE}")
    return scheme.lower(), rest


def decode_part(text: str) -> str:
    """Decode the percent-encoding of a part. Raises `InvalidAddressError`."""
    if _BROKEN_ESCAPE.search(text):
        raise InvalidAddressError(f"it contains a % that is not followed by two hexadecimal digits. {ENCODING_ADVICE}")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidAddressError("its percent-encoded characters are not UTF-8. Encode them again as UTF-8") from None


def _split_host_and_port(text: str) -> tuple[str, int | None]:
    matched = _HOST_AND_PORT.fullmatch(text)
    port = int(matched["port"]) if matched and matched["port"] else None
    if matched is None or port == 0 or (port or 0) > MAX_PORT:
        raise InvalidAddressError(
            f"its host and port cannot be read. Write host:port, with a number up to {MAX_PORT}. {ENCODING_ADVICE}"
        )
    return matched["ipv6"] or matched["name"], port


def _split_options(query: str) -> dict[str, str]:
    if _BROKEN_ESCAPE.search(query):
        decode_part(query)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict") if query else []
    except ValueError:
        raise InvalidAddressError(
            f"what follows its ? cannot be read. Write name=value, with & in between. {ENCODING_ADVICE}"
        ) from None
    options = dict(pairs)
    if len(options) < len(pairs):
        raise InvalidAddressError("one of its options stands twice. Remove one of them")
    return options

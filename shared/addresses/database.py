"""Reading `DATABASE_URL`: SQLite in a file, or PostgreSQL with the options of its own library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from shared.addresses.splitting import ENCODING_ADVICE, InvalidAddressError, decode_part, split_address, split_scheme

Backend = Literal["sqlite", "postgresql"]

_FORMS: Final = "Write sqlite:///file.db or postgresql://user:password@host/name"
_BACKENDS: Final[Mapping[str, Backend]] = MappingProxyType(
    {
        "sqlite": "sqlite",
        "sqlite+aiosqlite": "sqlite",
        "sqlite+pysqlite": "sqlite",
        "postgresql": "postgresql",
        "postgresql+psycopg": "postgresql",
        "postgresql+psycopg2": "postgresql",
        "postgresql+asyncpg": "postgresql",
        "postgres": "postgresql",
    }
)
"""Frameworks write the driver into the address; the bot has drivers of its own."""

_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_NUMBERS: Final = (
    *("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    "tcp_user_timeout",
)
_POSTGRESQL_OPTIONS: Final = frozenset(
    {
        *_NUMBERS,
        *("application_name", "channel_binding", "client_encoding", "dbname", "fallback_application_name"),
        *("gssencmode", "gssdelegation", "gsslib", "host", "hostaddr", "krbsrvname", "load_balance_hosts", "options"),
        *("passfile", "password", "port", "require_auth", "requirepeer", "service", "sslcert", "sslcertmode"),
        *("sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslpassword"),
        *("sslrootcert", "sslsni", "ssl_max_protocol_version", "ssl_min_protocol_version", "target_session_attrs"),
        "user",
    }
)
"""https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""


@dataclass(frozen=True)
class DatabaseAddress:
    """A database: for SQLite a path, for PostgreSQL where the server is and how to log in."""

    backend: Backend
    path: str = ""
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def parse_database_address(text: str) -> DatabaseAddress:
    """Parse an address. Raises `InvalidAddressError`."""
    scheme, separator, _ = text.partition("://")
    if not separator or scheme.lower() not in _BACKENDS:
        raise InvalidAddressError(f"it is the address of neither SQLite nor PostgreSQL. {_FORMS}")
    if _BACKENDS[scheme.lower()] == "sqlite":
        return DatabaseAddress("sqlite", path=_read_sqlite_path(text))
    parts = split_address(text, _BACKENDS)
    _validate_postgresql_options(parts.options)
    return DatabaseAddress(
        "postgresql",
        host=parts.host or None,
        port=parts.port,
        username=parts.username,
        password=parts.password,
        name=decode_part(parts.path).removeprefix("/") or None,
        options=parts.options,
    )


def _read_sqlite_path(text: str) -> str:
    """Read the path: all that follows three slashes, as it is."""
    _, rest = split_scheme(text, _BACKENDS)
    if not rest.startswith("/") or rest == "/":
        raise InvalidAddressError(f"it names no file. {_FORMS}; a path from the root needs four slashes")
    path = rest[1:]
    if path.startswith((":", "file:")):
        raise InvalidAddressError(f"it names no file; what is only in memory would be lost. {_FORMS}")
    if "?" in path:
        raise InvalidAddressError("it has options, and SQLite takes none here. Remove the ? and all that follows it")
    return path


def _validate_postgresql_options(options: Mapping[str, str]) -> None:
    if options.keys() - _POSTGRESQL_OPTIONS:
        raise InvalidAddressError(
            f"it has an option that PostgreSQL does not know. See its page on connection parameters. {ENCODING_ADVICE}"
        )
    for name in _NUMBERS:
        if name in options and not (options[name].isascii() and options[name].isdecimal()):
            raise InvalidAddressError(f"its option {name} is not a number")
    if options.get("sslmode", "prefer") not in _SSL_MODES:
        raise InvalidAddressError(f"its option sslmode is none of these: {', '.join(_SSL_MODES)}")

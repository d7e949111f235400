"""`DATABASE_URL`: SQLite and PostgreSQL, and what is refused, without a word of the address in the message."""

import pytest

from shared.addresses.database import DatabaseAddress, parse_database_address
from shared.addresses.splitting import InvalidAddressError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:///pentimento.db", DatabaseAddress("sqlite", path="pentimento.db")),
        ("sqlite:////data/a%20b#c.db", DatabaseAddress("sqlite", path="/data/a%20b#c.db")),
        ("sqlite+aiosqlite:///x.db", DatabaseAddress("sqlite", path="x.db")),
        ("postgresql://h/name", DatabaseAddress("postgresql", host="h", name="name")),
        (
            "postgres://ada:p%40s@h:5433/name",
            DatabaseAddress("postgresql", host="h", port=5433, username="ada", password="p@s", name="name"),
        ),
        (
            "postgresql:///name?host=/var/run/postgresql&sslmode=disable",
            DatabaseAddress("postgresql", name="name", options={"host": "/var/run/postgresql", "sslmode": "disable"}),
        ),
        (
            "postgresql://h/name?options=-csearch_path%3Dart",
            DatabaseAddress("postgresql", host="h", name="name", options={"options": "-csearch_path=art"}),
        ),
        (
            "postgresql://h/name?options=-csearch_path=art",
            DatabaseAddress("postgresql", host="h", name="name", options={"options": "-csearch_path=art"}),
        ),
    ],
)
def test_each_documented_form_is_read(url: str, address: DatabaseAddress) -> None:
    assert parse_database_address(url) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3cret", "neither SQLite nor PostgreSQL"),
        ("mysql://ada:s3cret@h/x", "neither SQLite nor PostgreSQL"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite://s3cret.db", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:s3cret", "names no file"),
        ("sqlite:///x.db?mode=s3cret", "it has options"),
        ("postgresql://ada:s3cret@1@h/x", "an @ in the wrong place"),
        ("postgresql://ada:s3cret/1@h/x", "an @ in the wrong place"),
        ("postgresql://ada:s3cret#1@h/x", "contains a #"),
        ("postgresql://ada:s3cret%@h/x", "a % that is not followed"),
        ("postgresql://h:s3cret/x", "host and port cannot be read"),
        ("postgresql://h/x?s3cret=1", "PostgreSQL does not know"),
        ("postgresql://h/x?sslmode=s3cret", "sslmode is none of these"),
        ("postgresql://h/x?connect_timeout=s3cret", "connect_timeout is not a number"),
    ],
)
def test_anything_else_is_refused_with_advice_and_without_the_address(url: str, reason: str) -> None:
    with pytest.raises(InvalidAddressError, match=reason) as error:
        parse_database_address(url)

    assert "s3cret" not in str(error.value)


def test_a_password_is_not_in_the_representation() -> None:
    assert "s3cret" not in repr(parse_database_address("postgresql://ada:s3cret@h/x?sslpassword=s3cret"))

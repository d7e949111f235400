"""`REDIS_URL`: every documented form, and what is refused, without a word of the address in the message."""

from pathlib import Path
from typing import Any

import pytest

from shared.addresses.redis import parse_redis_address
from shared.addresses.splitting import InvalidAddressError
from shared.queue.redis_options import build_connection_options

LOCAL = {"host": "h", "port": 6379, "db": 0}
TLS = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}


@pytest.mark.parametrize(
    ("url", "transport", "options"),
    [
        ("redis://h:6379/0", "tcp", LOCAL),
        ("redis://h", "tcp", LOCAL),
        ("REDIS://h/", "tcp", LOCAL),
        ("redis://", "tcp", LOCAL | {"host": "localhost"}),
        ("redis://[::1]:7000/3", "tcp", {"host": "::1", "port": 7000, "db": 3}),
        ("redis://h?db=4&protocol=2", "tcp", LOCAL | {"db": 4, "protocol": 2}),
        ("redis://:p%40s%2Fs%25@h/0", "tcp", LOCAL | {"password": "p@s/s%"}),
        ("redis://ada:pass:word@h/0", "tcp", LOCAL | {"username": "ada", "password": "pass:word"}),
        ("rediss://h/0", "tls", LOCAL | TLS),
        ("rediss://h/0?ssl_cert_reqs=required", "tls", LOCAL | TLS),
        ("rediss://h/0?ssl_cert_reqs=CERT_REQUIRED", "tls", LOCAL | TLS),
        ("rediss://h/0?ssl_cert_reqs=CERT_OPTIONAL", "tls", LOCAL | TLS | {"ssl_cert_reqs": "optional"}),
        (
            "rediss://h/0?ssl_cert_reqs=CERT_NONE",
            "tls",
            LOCAL | {"ssl_cert_reqs": "none", "ssl_check_hostname": False},
        ),
        ("rediss://h/0?ssl_cert_reqs=none", "tls", LOCAL | {"ssl_cert_reqs": "none", "ssl_check_hostname": False}),
        ("rediss://h/0?ssl_check_hostname=no", "tls", LOCAL | TLS | {"ssl_check_hostname": False}),
        ("rediss://h/0?ssl_password=s%26t", "tls", LOCAL | TLS | {"ssl_password": "s&t"}),
        ("unix:///run/redis.sock", "unix", {"path": "/run/redis.sock", "db": 0}),
        ("unix:///run/redis.sock?db=2", "unix", {"path": "/run/redis.sock", "db": 2}),
        ("unix:///run/a%40b.sock", "unix", {"path": "/run/a@b.sock", "db": 0}),
        (
            "unix://ada:s3cret@/run/redis.sock",
            "unix",
            {"path": "/run/redis.sock", "db": 0, "username": "ada", "password": "s3cret"},
        ),
        ("unix://ada@/r.sock?password=s3", "unix", {"path": "/r.sock", "db": 0, "username": "ada", "password": "s3"}),
    ],
)
def test_each_documented_form_is_read(url: str, transport: str, options: dict[str, Any]) -> None:
    address = parse_redis_address(url)

    assert (address.transport, dict(address.options)) == (transport, options)


def test_the_files_of_tls_are_read_and_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()

    names = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
    address = parse_redis_address(f"rediss://h?{'&'.join(f'{name}={file}' for name in names)}&ssl_ca_path={tmp_path}")

    assert {name: address.options[name] for name in names} == dict.fromkeys(names, str(file))
    assert address.options["ssl_ca_path"] == str(tmp_path)
    with pytest.raises(InvalidAddressError, match="ssl_keyfile is missing or cannot be read"):
        parse_redis_address("rediss://h?ssl_keyfile=/nowhere/s3cret.pem")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3cret", "does not begin with redis://, rediss://, unix:// or sentinel://"),
        ("http://s3cret/0", "does not begin with redis://, rediss://, unix:// or sentinel://"),
        ("redis+socket:///s3cret", "does not begin with"),
        ("redis-s3cret:6379", "does not begin with"),
        ("redis://:s3cret#1@h/0", "contains a #"),
        ("redis://:s3cret/1@h/0", "an @ in the wrong place"),
        ("redis://:s3cret?1@h/0", "an @ in the wrong place"),
        ("redis://:s3cret@1@h/0", "an @ in the wrong place"),
        ("redis://:s3cret%zz@h/0", "a % that is not followed"),
        ("redis://:s3cret%ff@h/0", "not UTF-8"),
        ("redis://:s3cret 1@h/0", "a space or an invisible character"),
        ("redis://:s3cret\u200b@h/0", "a space or an invisible character"),
        ("redis://:s3cret[@h]/0", "host and port cannot be read"),
        ("redis://h:s3cret/0", "host and port cannot be read"),
        ("redis://h:65536/0", "host and port cannot be read"),
        ("redis://h:0/0", "host and port cannot be read"),
        ("redis://h:-1/0", "host and port cannot be read"),
        ("redis://h,s3cret/0", "host and port cannot be read"),
        ("redis://h/s3cret", "database is not a number"),
        ("redis://h/0/s3cret", "database is not a number"),
        ("redis://h/-1", "database is not a number"),
        ("redis://h/1?db=2", "stands twice"),
        ("redis://h/0?s3cret=bar", "an option that is not known"),
        ("redis://h/0?s3cret", "what follows its"),
        ("redis://h/0?db=1&db=2", "stands twice"),
        ("redis://h/0?protocol=4", "protocol is neither 2 nor 3"),
        ("redis://h/0?ssl_cert_reqs=none", "an option for TLS, but no TLS"),
        ("rediss://h/0?ssl_cert_reqs=s3cret", "ssl_cert_reqs is none of these: required, optional, none"),
        ("rediss://h/0?ssl_check_hostname=s3cret", "neither true nor false"),
        ("unix://s3cret/redis.sock", "names no file from the root"),
        ("unix://", "names no file from the root"),
        ("unix://ada:s3cret@/r.sock?password=s3cret", "stands twice"),
    ],
)
def test_anything_else_is_refused_with_advice_and_without_the_address(url: str, reason: str) -> None:
    with pytest.raises(InvalidAddressError, match=reason) as error:
        parse_redis_address(url)

    assert "s3cret" not in str(error.value)


def test_a_password_is_in_no_representation_of_an_address() -> None:
    address = parse_redis_address("redis://ada:s3cret@h:1/2")

    assert "s3cret" not in f"{address!r} {address.public_url}"
    assert address.public_url == "redis://h:1/2"


def test_every_connection_has_a_deadline() -> None:
    network = build_connection_options(parse_redis_address("rediss://h"))
    socket = build_connection_options(parse_redis_address("unix:///r.sock"))

    assert (network["socket_timeout"], network["socket_connect_timeout"]) == (10, 3)
    assert socket["socket_timeout"] == 10
    assert "socket_keepalive" not in socket


def test_an_address_of_sentinels_names_hosts_a_service_and_two_passwords() -> None:
    url = "sentinel://ada:p%40ss@a:7001,[::1],c/2?service=main&sentinel_username=watch&sentinel_password=s%26t"
    address = parse_redis_address(url)

    assert address.sentinel is not None
    assert address.sentinel.hosts == (("a", 7001), ("::1", 26379), ("c", 26379))
    assert address.sentinel.service == "main"
    assert dict(address.sentinel.options) == {"username": "watch", "password": "s&t"}
    assert (address.transport, dict(address.options)) == ("tcp", {"username": "ada", "password": "p@ss", "db": 2})
    assert address.public_url == "redis://a:7001/2"
    assert "p@ss" not in repr(address)
    assert "s&t" not in repr(address)


def test_tls_holds_for_sentinels_and_for_redis() -> None:
    address = parse_redis_address("sentinel://a,b/0?service=main&ssl=true&ssl_check_hostname=false")

    tls = TLS | {"ssl_check_hostname": False}
    assert address.sentinel is not None
    assert (address.transport, dict(address.options)) == ("tls", {"db": 0} | tls)
    assert dict(address.sentinel.options) == tls


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://a,b/0", "names no service"),
        ("sentinel://a,,b/0?service=main", "one of its Sentinels has no host"),
        ("sentinel://a;b/0?service=main", "host and port cannot be read"),
        ("sentinel://a/0?service=main&ssl=maybe", "ssl is neither true nor false"),
        ("sentinel://a/0?service=main&ssl_cert_reqs=none", "Add ssl=true"),
        ("redis://a/0?service=main", "an option that is not known"),
        ("redis://a,b/0", "host and port cannot be read"),
    ],
)
def test_a_wrong_address_of_sentinels_is_refused_with_advice(url: str, reason: str) -> None:
    with pytest.raises(InvalidAddressError, match=reason):
        parse_redis_address(url)

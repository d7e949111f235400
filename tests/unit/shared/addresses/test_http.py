"""The addresses of web services and proxies, and the hosts from which pictures are downloaded."""

import pytest

from shared.addresses.http import (
    ProxySettings,
    parse_endpoint,
    parse_host,
    parse_listening_address,
    parse_proxy,
)
from shared.addresses.splitting import InvalidAddressError


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://vpce-1.bedrock.us-west-2.vpce.amazonaws.com/x"])
def test_an_endpoint_is_kept_as_it_is(url: str) -> None:
    assert parse_endpoint(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("s3cret:80", "s3cret.example.org", "ftp://s3cret", "http://", "http://h:s3cret", "https://ada:s3cret@h"),
        *("https://h?s3cret=1", "https://h/#s3cret", "http://h h"),
    ],
)
def test_another_endpoint_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(InvalidAddressError, match=r"\. ") as error:
        parse_endpoint(url)

    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("http://proxy:3128/", "http://proxy:3128/"),
        ("https://ada:s%40@proxy", "https://ada:s%40@proxy"),
    ],
)
def test_a_proxy_may_lack_its_scheme(text: str, address: str) -> None:
    assert parse_proxy(text) == address


@pytest.mark.parametrize("text", ["socks5://s3cret:1080", "http://proxy/s3cret", "http://a:s3@cret@proxy", "http://"])
def test_another_proxy_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(InvalidAddressError) as error:
        parse_proxy(text)

    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "host"), [("CDN.discordapp.com", "cdn.discordapp.com"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1")]
)
def test_hosts_are_lower_case(text: str, host: str) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text", ["https://cdn.discordapp.com", "cdn.discordapp.com:443", "a/b", "*.example.org", "a..b", "-a", "10.0.0.1"]
)
def test_a_host_is_a_name_alone_and_no_private_address(text: str) -> None:
    with pytest.raises(InvalidAddressError, match="one of them is"):
        parse_host(text)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://discord.com/api/v10", "http://s"),
        ("wss://gateway.discord.gg", "http://s"),
        ("http://example.org", "http://p"),
        ("https://inside.example.org:8443/x", None),
    ],
)
def test_a_proxy_is_chosen_as_boto3_chooses_it(url: str, proxy: str | None) -> None:
    proxies = ProxySettings("http://p", "http://s", excluded_hosts="inside.example.org,localhost")

    assert proxies.choose_proxy(url) == proxy


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1:9108", ("192.0.2.1", 9108)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_the_address_on_which_a_process_listens(text: str, address: tuple[str, int]) -> None:
    assert parse_listening_address(text) == address


@pytest.mark.parametrize("text", ["9108", ":9108", "host", "host:", "host:65536", "http://host:9108", "host:9108/x"])
def test_another_address_to_listen_on_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddressError, match="Write host:port"):
        parse_listening_address(text)

"""Keeping secrets out of all that a doctor prints, and names and ids of its operator out of a report for others."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

HIDDEN: Final = "(hidden)"
_MIN_SECRET_LENGTH: Final = 4

_IDENTIFYING: Final = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), "(access key)"),
    (re.compile(r"\b[0-9]{15,20}\b"), "(id)"),
    (re.compile(r"\b[0-9]{12}\b"), "(account)"),
    (re.compile(r"(?<=://)(?!localhost\b|127\.0\.0\.1\b|discord\.com\b)[\w-]+(?:\.[\w-]+)+"), "(host)"),
    (re.compile(r"\b(?!127\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"), "(address)"),
)
"""Access keys, Discord's ids, accounts of AWS in ARNs, names of hosts in addresses, and IP addresses."""


def list_secret_parts(secrets: Iterable[str]) -> list[str]:
    """List the secrets, of addresses their passwords, the longest first."""
    parts = set[str]()
    for secret in secrets:
        _, separator, rest = secret.partition("://")
        if separator:  # the rest of an address is no secret
            password = rest.rpartition("@")[0].partition(":")[2]
            in_options = [value for name, value in parse_qsl(rest.partition("?")[2]) if "password" in name]
            parts |= {password, unquote(password), *in_options}
        else:
            parts.add(secret)
    return sorted((part for part in parts if len(part) >= _MIN_SECRET_LENGTH), key=len, reverse=True)


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """Replace the secrets and their passwords wherever they stand."""
    for part in list_secret_parts(secrets):
        text = text.replace(part, HIDDEN)
    return text


def hide_identity(text: str) -> str:
    """Replace all that identifies an installation: ids, accounts, hosts, and the home folder."""
    text = text.replace(str(Path.home()), "~") if len(str(Path.home())) > 1 else text
    for pattern, replacement in _IDENTIFYING:
        text = pattern.sub(replacement, text)
    return text


def describe_address(url: str) -> str:
    """Return an address without its user, password and options."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"

"""Settings that people choose for themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Ping(StrEnum):
    """When a result pings its requester: never, if it took more than a minute, or always."""

    NEVER = "never"
    AFTER_MINUTE = "after_minute"
    AT_ONCE = "at_once"


class ReusePolicy(StrEnum):
    """Who may build on a person's results and pictures, besides themselves.

    CREDIT: those who do it in the server of the picture, where the result names its owner for everyone to read.
    """

    EVERYONE = "everyone"
    CREDIT = "credit"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Preferences:
    """A person's choices for all of their requests. `language` None means the language of their Discord client.

    `options` are defaults for the options of `/imagine`, by the parameter names of `shared.request`'s builder.
    `in_galleries`: results that others like, or choose, are shown in galleries and in `/top`.
    """

    language: str | None = None
    ping: Ping = Ping.NEVER
    private: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    reuse_policy: ReusePolicy = ReusePolicy.EVERYONE
    in_galleries: bool = True

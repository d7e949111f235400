"""Settings that people and servers choose for themselves."""

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
    """Who may build on a person's results and pictures, besides themselves."""

    EVERYONE = "everyone"
    NOBODY = "nobody"


class ButtonPolicy(StrEnum):
    """Who besides the requester may build on a result in a server."""

    EVERYONE = "everyone"
    AUTHOR = "author"


class ResultPlace(StrEnum):
    """Where the results of a server appear: a preview in the channel, only in the thread, or whole in the channel."""

    PREVIEW = "preview"
    THREAD = "thread"
    CHANNEL = "channel"


@dataclass(frozen=True)
class Preferences:
    """A person's choices for all of their requests. `language` None means the language of their Discord client.

    `options` are defaults for the options of `/imagine`, by the parameter names of `shared.request`'s builder.
    """

    language: str | None = None
    ping: Ping = Ping.NEVER
    private: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    reuse_policy: ReusePolicy = ReusePolicy.EVERYONE


@dataclass(frozen=True)
class GuildSettings:
    """The choices of a server. `language` is that of public messages; None means that of each requester.

    `asks_price`: a request for several pictures shows its price and waits for a confirmation.
    """

    button_policy: ButtonPolicy = ButtonPolicy.EVERYONE
    result_place: ResultPlace = ResultPlace.PREVIEW
    language: str | None = None
    asks_price: bool = False

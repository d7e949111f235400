"""Settings that people and servers choose for themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Preferences:
    """A person's choices for all of their requests. `language` None means the language of their Discord client.

    `options` are defaults for the options of `/imagine`, by the parameter names of `shared.request`'s builder.
    """

    language: str | None = None
    pings: bool = False
    private: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


class ButtonPolicy(StrEnum):
    """Who besides the requester may use the buttons under a result in a server."""

    EVERYONE = "everyone"
    AUTHOR = "author"

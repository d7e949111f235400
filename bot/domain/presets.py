"""Settings saved under a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Settings under a name, by the parameter names of `shared.request`'s builder. `guild_id` is 0 for a personal one.

    `code` is shared with other people, who can then save a copy of it.
    """

    code: str
    name: str
    guild_id: int
    options: Mapping[str, Any]

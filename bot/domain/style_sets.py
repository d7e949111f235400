"""Style sets: reference pictures under a name, whose style other pictures are to have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bot.domain.owners import Owner

MAX_STYLE_PICTURES: Final = 8
MAX_PERSONAL_STYLE_SETS: Final = 25
MAX_GUILD_STYLE_SETS: Final = 50
STYLE_SET_NAME_LIMIT: Final = 32
"""Characters of a name."""


@dataclass(frozen=True)
class StyleSet:
    """The reference pictures under a name, numbered from 1. `guild_id` is 0 for a person's own."""

    id: str
    name: str
    guild_id: int
    picture_count: int


class StyleSetReader(Protocol):
    """Lists style sets and loads their pictures. Implemented by `bot.storage`."""

    async def list_style_sets(self, owner: Owner) -> Sequence[StyleSet]:
        """List the person's own and the guild's, by name. Raises `RejectedError` (database_unavailable)."""
        ...

    async def load_pictures(self, style_set_id: str) -> Sequence[bytes]:
        """Load the pictures of a set, by number. Raises `RejectedError` (database_unavailable)."""
        ...

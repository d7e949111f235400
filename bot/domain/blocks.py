"""Members whom a server's moderators have blocked."""

from dataclasses import dataclass
from typing import Final

MAX_BLOCK_DAYS: Final = 3650
_SECONDS_PER_DAY: Final = 86400


@dataclass(frozen=True)
class Block:
    """A blocked member. `ends_at` is Unix seconds; None if the block does not end by itself."""

    user_id: int
    reason: str
    ends_at: float | None


def compute_block_end(days: int | None, now: float) -> float | None:
    """Compute when a block of so many days ends, in Unix seconds like `now`; None if it does not end by itself."""
    return None if days is None else now + days * _SECONDS_PER_DAY

"""Members whom a server's moderators have blocked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A blocked member. `ends_at` is Unix seconds; None if the block does not end by itself."""

    user_id: int
    reason: str
    ends_at: float | None

"""Notices: messages of the bot's own accord, which are stored where they arise and posted by the bot that leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

DIRECT_MESSAGE: Final = 0
"""In place of a channel's id: the notice is a direct message to the user whom its data names as `user_id`."""


NO_CHANNEL: Final = -1
"""In place of a channel's id: the notice is closed from the start, as a line in the log told it to the operator."""


class NoticeKind(StrEnum):
    """What a notice is about. A feature renders each kind."""

    AUDIT = "audit"
    DELETION = "deletion"
    REPORT = "report"
    BUDGET = "budget"
    BATCH = "batch"
    DATA_DELETION = "data_deletion"


@dataclass(frozen=True)
class Notice:
    """A notice that waits to be posted. `data` are the facts that it tells, or the ids by which they are found.

    `kind` may be one of another release; `created_at` is Unix seconds.
    """

    id: int
    guild_id: int
    channel_id: int
    kind: str
    data: Mapping[str, Any]
    created_at: float

    @property
    def nonce(self) -> str:
        """The nonce of its message, which no notice of another database has; at most 25 characters."""
        return f"n{self.id}-{int(self.created_at * 1000)}"

    @property
    def place_id(self) -> int:
        """The channel, or the user to whom it is a direct message."""
        return self.channel_id or int(self.data.get("user_id", 0))

"""Recent interactions, so that something found out later can be shown to their users alone.

Discord accepts such messages for 15 minutes. The interactions are kept in this process only: who has the token of one
can respond to it. https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import discord

FOLLOWUP_SECONDS: Final = 840.0  # a minute less than Discord's limit
MAX_JOBS: Final = 2000


@dataclass(frozen=True)
class Followup:
    """How to show a message to the user of an interaction alone, and the texts shown to them so far.

    `expires_at` is a time of the clock of `RecentFollowups`.
    """

    webhook: discord.Webhook
    expires_at: float
    shown_texts: list[str] = field(default_factory=list)


class RecentFollowups:
    """The interactions that submitted the latest jobs. `clock` is monotonic, in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._followups: dict[str, Followup] = {}

    def remember(self, interaction: discord.Interaction, job_ids: Iterable[str]) -> None:
        """Remember the interaction that submits these jobs; the oldest are forgotten."""
        followup = Followup(interaction.followup, self._clock() + FOLLOWUP_SECONDS)
        self._followups |= dict.fromkeys(job_ids, followup)
        while len(self._followups) > MAX_JOBS or self._is_oldest_expired():
            del self._followups[next(iter(self._followups))]

    def find(self, job_id: str) -> Followup | None:
        """Find the followup of a job; None if another process submitted it, or too long ago."""
        followup = self._followups.get(job_id)
        return followup if followup and followup.expires_at > self._clock() else None

    def _is_oldest_expired(self) -> bool:
        oldest = next(iter(self._followups.values()), None)
        return oldest is not None and oldest.expires_at <= self._clock()

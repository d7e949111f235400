"""Recent interactions, so that something found out later can be shown to their users alone.

Discord accepts such messages for 15 minutes. The interactions are kept in this process, and their tokens in Redis while
several bots run: another one may deliver the outcome.
https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import discord

FOLLOWUP_SECONDS: Final = 840.0  # a minute less than Discord's limit
MAX_JOBS: Final = 2000
_APPLICATION_WEBHOOK: Final = 3


@dataclass(frozen=True)
class Followup:
    """How to show a message to the user of an interaction alone, and the texts shown to them so far.

    `expires_at` is a time of the clock of `RecentFollowups`.
    """

    webhook: discord.Webhook
    expires_at: float
    shown_texts: list[str] = field(default_factory=list)


class FollowupStore(Protocol):
    """Keeps the tokens of interactions for other processes. Implemented by `bot.queue`."""

    async def save_token(self, job_ids: Iterable[str], token: str, ttl_seconds: float) -> None: ...

    async def load_token(self, job_id: str) -> str | None: ...


class RecentFollowups:
    """The interactions that submitted the latest jobs, and those that the `store` knows of other processes.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, store: FollowupStore | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._followups: dict[str, Followup] = {}

    def remember(self, interaction: discord.Interaction, job_ids: Iterable[str]) -> None:
        """Remember the interaction that submits these jobs; the oldest are forgotten."""
        followup = Followup(interaction.followup, self._clock() + FOLLOWUP_SECONDS)
        self._followups |= dict.fromkeys(job_ids, followup)
        while len(self._followups) > MAX_JOBS or self._is_oldest_expired():
            del self._followups[next(iter(self._followups))]

    async def share(self, interaction: discord.Interaction, job_ids: Iterable[str]) -> None:
        """Save the token of the interaction that submits these jobs for other processes."""
        if self._store is not None:
            await self._store.save_token(job_ids, interaction.token, FOLLOWUP_SECONDS)

    async def find(self, client: discord.Client, job_id: str) -> Followup | None:
        """Find the followup of a job; None if it was submitted too long ago, or by a process that shares none."""
        followup = self._followups.get(job_id)
        if followup is None and self._store is not None and (token := await self._store.load_token(job_id)):
            same = (known for known in self._followups.values() if known.webhook.token == token)
            followup = self._followups[job_id] = next(same, None) or self._build_followup(client, token)
        return followup if followup and followup.expires_at > self._clock() else None

    def _build_followup(self, client: discord.Client, token: str) -> Followup:
        """Build the followup of another process's interaction, as `discord.Interaction` does."""
        data: Any = {"id": client.application_id, "type": _APPLICATION_WEBHOOK, "token": token}
        webhook = discord.Webhook.from_state(data=data, state=client._connection)  # noqa: SLF001 - the only way
        return Followup(webhook, self._clock() + FOLLOWUP_SECONDS)

    def _is_oldest_expired(self) -> bool:
        oldest = next(iter(self._followups.values()), None)
        return oldest is not None and oldest.expires_at <= self._clock()

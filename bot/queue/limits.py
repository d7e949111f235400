"""Limits on the jobs of a user, a batch, a channel and a guild. They hold over all bots and workers on one Redis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.job import Job, tenant_for_user
from shared.problems import Problem, make_problem


@dataclass(frozen=True, kw_only=True)
class ScopeLimits:
    """The limits of one user, one batch, one channel or one guild; 0 means no limit.

    `max_open` limits jobs whose outcome was not delivered yet, `max_running` jobs that workers have claimed,
    `max_per_minute` jobs accepted within any 60 s.
    """

    max_open: int = 0
    max_running: int = 0
    max_per_minute: int = 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of every user, every batch, every channel and every guild.

    Jobs of a batch count towards the limits of the batch, not towards those of the user who started it.
    """

    user: ScopeLimits = ScopeLimits(max_open=20, max_running=2)
    batch: ScopeLimits = ScopeLimits(max_running=4)
    channel: ScopeLimits = ScopeLimits()
    guild: ScopeLimits = ScopeLimits()

    def build_script_arguments(self, job: Job) -> list[str | int]:
        """List the scopes of a job, narrowest first, each with its three limits, as accept.lua takes them."""
        narrowest = job.subtenant, self.user if job.batch is None else self.batch
        return _build_arguments([narrowest, *self._list_places(job.origin.channel_id, job.origin.guild_id)])

    def build_scope_arguments(self, user_id: int, channel_id: int, guild_id: int) -> list[str | int]:
        """List the scopes of a job that a user requests in a channel, as `build_script_arguments` does."""
        return _build_arguments(self._list_scopes(user_id, channel_id, guild_id))

    def build_draft_arguments(self, user_id: int, channel_id: int, guild_id: int) -> list[str | int]:
        """List the scopes of a draft, narrowest first, each with its limit per minute, as save_draft.lua takes them."""
        arguments: list[str | int] = []
        for name, limits in self._list_scopes(user_id, channel_id, guild_id):
            arguments += [name, limits.max_per_minute]
        return arguments

    def _list_scopes(self, user_id: int, channel_id: int, guild_id: int) -> list[tuple[str, ScopeLimits]]:
        return [(tenant_for_user(user_id), self.user), *self._list_places(channel_id, guild_id)]

    def _list_places(self, channel_id: int, guild_id: int) -> list[tuple[str, ScopeLimits]]:
        return [(f"channel-{channel_id}", self.channel), (build_guild_scope(guild_id), self.guild)]


DEFAULT_LIMITS: Final = Limits()


def build_guild_scope(guild_id: int) -> str:
    """Build the name of the scope of all jobs of a guild."""
    return f"guild-{guild_id}"


def get_scope_kind(scope: str) -> str:
    """Return the kind of a scope: user, batch, channel or guild."""
    return scope.partition("-")[0]


def _build_arguments(scopes: Sequence[tuple[str, ScopeLimits]]) -> list[str | int]:
    return [
        argument
        for name, limits in scopes
        for argument in (name, limits.max_open, limits.max_running, limits.max_per_minute)
    ]


def make_rate_problem(scope: str, limit: int, wait_ms: int) -> Problem:
    """Say that a scope may have its next request only after this time."""
    return make_problem(f"too_often_{get_scope_kind(scope)}", limit=limit, seconds=math.ceil(wait_ms / 1000))

"""Limits on the jobs of a user, a channel and a guild. They hold over all bots and workers on one Redis."""

from dataclasses import dataclass
from typing import Final

from shared.job import Job, tenant_for_user


@dataclass(frozen=True, kw_only=True)
class ScopeLimits:
    """The limits of one user, one channel or one guild; 0 means no limit.

    `max_open` limits jobs whose outcome was not delivered yet, `max_running` jobs that workers have claimed,
    `max_per_minute` jobs accepted within any 60 s.
    """

    max_open: int = 0
    max_running: int = 0
    max_per_minute: int = 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of every user, every channel and every guild."""

    user: ScopeLimits = ScopeLimits(max_open=20, max_running=2)
    channel: ScopeLimits = ScopeLimits()
    guild: ScopeLimits = ScopeLimits()

    def build_script_arguments(self, job: Job) -> list[str | int]:
        """List the scopes of a job, narrowest first, each with its three limits, as accept.lua takes them."""
        scopes = {
            job.tenant: self.user,
            f"channel-{job.origin.channel_id}": self.channel,
            f"guild-{job.origin.guild_id}": self.guild,
        }
        arguments: list[str | int] = []
        for name, limits in scopes.items():
            arguments += [name, limits.max_open, limits.max_running, limits.max_per_minute]
        return arguments

    def build_draft_arguments(self, user_id: int, channel_id: int, guild_id: int) -> list[str | int]:
        """List the scopes of a draft, narrowest first, each with its limit per minute, as save_draft.lua takes them."""
        return [
            *(tenant_for_user(user_id), self.user.max_per_minute),
            *(f"channel-{channel_id}", self.channel.max_per_minute),
            *(f"guild-{guild_id}", self.guild.max_per_minute),
        ]


DEFAULT_LIMITS: Final = Limits()

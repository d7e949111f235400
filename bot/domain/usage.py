"""A use of the bot as the rules of a server see it, and the form of such a rule."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.budgets import Spender
from bot.domain.guild_settings import GuildSettings
from bot.domain.teams import Team
from shared.problems import Problem
from shared.request.model import Request


@dataclass(frozen=True)
class Usage:
    """Who uses the bot, where, and for which pictures. `guild_id` is None in direct messages.

    `channel_id` is the channel's own, not that of a thread in it. `is_manager` may manage the server, `is_moderator`
    may time out others or manage it. `missing_permissions` are those that the bot lacks there, as i18n keys.
    `team` is the one for which they ask.
    """

    user_id: int
    guild_id: int | None
    channel_id: int
    settings: GuildSettings
    role_ids: frozenset[int] = frozenset()
    is_manager: bool = False
    is_moderator: bool = False
    is_age_restricted: bool = False
    missing_permissions: tuple[str, ...] = ()
    wants_private: bool = False
    requests: tuple[Request, ...] = ()
    team: Team | None = None

    @property
    def spender(self) -> Spender:
        """On whose account its requests go."""
        team_id = None if self.team is None else self.team.role_id
        return Spender(self.user_id, self.guild_id or 0, self.channel_id, self.role_ids, team_id)


@dataclass(frozen=True)
class Check:
    """A rule by its name, the end of its i18n keys. `find_problem` says why it refuses a use; None if it does not."""

    name: str
    find_problem: Callable[[Usage], Awaitable[Problem | None]]


def build_check(name: str, find_problem: Callable[[Usage], Problem | None]) -> Check:
    """Build the check of a rule that looks nothing up."""

    async def find_problem_later(usage: Usage) -> Problem | None:
        return find_problem(usage)

    return Check(name, find_problem_later)

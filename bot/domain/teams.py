"""Teams: roles whose members share turns in the queue, a budget, and settings."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.job import Priority, TeamRef

MIN_WEIGHT: Final = 0.25
MAX_WEIGHT: Final = 4.0
MAX_TEAMS: Final = 24
"""The most teams of a server: as many as a list of choices offers beside the members themselves."""

MYSELF: Final = 0
"""Stands for a team's role id in the choice of a member who asks for themselves."""


@dataclass(frozen=True)
class Team:
    """A team: the members with a role.

    `weight` is how many turns it gets for each of a person (0.25 to 4). A batch that costs more than `approval_limit`
    (millionths of a dollar; None: no limit) waits for a member with the role `approver_role_id` or, without one, a
    member who may manage the server. `defaults` are options by the names of `shared.request`'s builder: a request for
    the team has them unless it names others, and always has those in `locked`.
    """

    role_id: int
    guild_id: int
    name: str
    weight: float = 1.0
    approver_role_id: int | None = None
    approval_limit: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()
    priority: Priority = Priority.NORMAL

    @property
    def ref(self) -> TeamRef:
        """The part of it that its jobs carry."""
        return TeamRef(id=self.role_id, name=self.name, weight=self.weight)

    def needs_approval(self, price: int) -> bool:
        """Tell whether a batch of this price, in millionths of a dollar, waits for an approval."""
        return self.approval_limit is not None and price > self.approval_limit

    @property
    def locked_options(self) -> Mapping[str, Any]:
        """The options that all of its requests have, with their values."""
        return {name: value for name, value in self.defaults.items() if name in self.locked}


def find_team(teams: Iterable[Team], typed: str) -> Team | None:
    """Find the team with this role's id, or with this name, whatever its case."""
    folded = typed.strip().casefold()
    return next((team for team in teams if folded in (str(team.role_id), team.name.casefold())), None)


@dataclass(frozen=True)
class TeamChoice:
    """For which team a member asks: the one with the role `role_id`, or themselves. `team` is None if it is no more."""

    role_id: int = MYSELF
    team: Team | None = None

    def get_team(self, role_ids: Collection[int]) -> Team | None:
        """Return the team for which a member with these roles asks; None if for themselves, or no longer for a team."""
        return self.team if self.role_id in role_ids else None

    def is_lost(self, role_ids: Collection[int]) -> bool:
        """Tell whether the chosen team is no more, or no longer a team of a member with these roles."""
        return self.role_id != MYSELF and self.get_team(role_ids) is None


TEAM_SETTINGS: Final = ("weight", "priority", "approver_role_id", "approval_limit", "defaults", "locked")
"""The names of the settings of a team."""


@dataclass(frozen=True)
class TeamChange:
    """A change of a team, recorded in the audit log under `entry_id`.

    `old` and `new` are the values of the settings that differ, by name; None where there was, or is, no team.
    """

    entry_id: int
    role_id: int
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None

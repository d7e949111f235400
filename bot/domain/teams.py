"""Teams: roles whose members share turns in the queue, a budget, and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.job import Priority, TeamRef

MIN_WEIGHT: Final = 0.25
MAX_WEIGHT: Final = 4.0


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

    def apply_settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options that a request for the team has, if these were chosen."""
        chosen = {name: value for name, value in options.items() if name not in self.locked}
        return {**self.defaults, **chosen}

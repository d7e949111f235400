"""The teams of guilds, and for which of them each member asks."""

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, func, insert, select, update

from bot.domain.audit import AuditAction
from bot.domain.teams import MAX_TEAMS, TEAM_SETTINGS, Team, TeamChange, TeamChoice
from bot.storage.audit_log import add_audit_entry
from bot.storage.saved_options import parse_saved_choice, parse_saved_options
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import audit_entries, team_choices, teams
from bot.storage.team_changes import format_team_settings, parse_team_change
from bot.storage.upsert import build_upsert
from shared.job import Priority
from shared.problems import RejectedError, make_problem
from shared.unreadable import UnreadableRowLog

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_ROLE_ID: Final[BindParameter[int]] = bindparam("target_role_id")
_USER_ID: Final[BindParameter[int]] = bindparam("target_user_id")
_IS_TEAM: Final = (teams.c.guild_id == _GUILD_ID) & (teams.c.role_id == _ROLE_ID)
_SELECT_TEAM: Final = select(teams).where(_IS_TEAM)
_SELECT_TEAMS: Final = select(teams).where(teams.c.guild_id == _GUILD_ID).order_by(func.lower(teams.c.name))
_COUNT_TEAMS: Final = select(func.count()).select_from(teams).where(teams.c.guild_id == _GUILD_ID)
_SELECT_CHOICE: Final = (
    select(team_choices.c.role_id.label("chosen_id"), teams)
    .outerjoin(teams, (teams.c.role_id == team_choices.c.role_id) & (teams.c.guild_id == team_choices.c.guild_id))
    .where(team_choices.c.user_id == _USER_ID, team_choices.c.guild_id == _GUILD_ID)
)
_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


@dataclass(frozen=True)
class SqlTeamStore:
    """Stored teams and choices. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds.

    Each change of a team is a line of the audit log.
    """

    database: Database
    clock: Callable[[], float] = time.time

    async def add_team(self, team: Team, actor_id: int) -> TeamChange:
        """Set up a team. Raises `RejectedError` (team_exists, team_full), too."""
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: self._add(connection, team, actor_id))

    async def change_team(self, actor_id: int, old: Team, new: Team) -> TeamChange | None:
        """Store the settings that differ from the old ones; None if nothing does.

        Others may have been changed by someone else meanwhile, and stay as they are. Raises `RejectedError`
        (team_unknown), too.
        """
        changed = {name for name in TEAM_SETTINGS if getattr(old, name) != getattr(new, name)}
        values = {name: getattr(new, name) for name in changed}

        def change(connection: Connection) -> TeamChange | None:
            stored = _require_team(connection, old.guild_id, old.role_id)
            wanted = replace(stored, **values, name=new.name)
            return self._change(connection, stored, wanted, actor_id, AuditAction.CHANGE_TEAM)

        with translate_database_errors():
            return await self.database.run_transaction(change)

    async def remove_team(self, guild_id: int, role_id: int, actor_id: int) -> TeamChange:
        """Remove a team; whoever asked for it asks for themselves. Raises `RejectedError` (team_unknown), too."""
        with translate_database_errors():
            return await self.database.run_transaction(
                lambda connection: self._remove(connection, guild_id, role_id, actor_id)
            )

    async def undo_change(self, guild_id: int, actor_id: int, entry_id: int) -> TeamChange:
        """Undo a change of the audit log, as a change of its own.

        Raises `RejectedError` (team_changed_since) if the team was changed again since, and (change_unknown) if the log
        of this guild has no such change.
        """
        query = select(audit_entries).where(audit_entries.c.id == entry_id, audit_entries.c.guild_id == guild_id)

        def undo(connection: Connection) -> TeamChange:
            row = connection.execute(query).one_or_none()
            change = None if row is None else parse_team_change(row)
            if row is None or change is None:
                raise RejectedError(make_problem("change_unknown"))
            if change.old is None:
                return self._remove(connection, guild_id, change.role_id, actor_id)
            if change.new is None:
                team = replace(Team(change.role_id, guild_id, row.reason), **change.old)
                return self._add(connection, team, actor_id)
            stored = _require_team(connection, guild_id, change.role_id)
            if any(getattr(stored, name) != value for name, value in change.new.items()):
                raise RejectedError(make_problem("team_changed_since"))
            undone = self._change(connection, stored, replace(stored, **change.old), actor_id, AuditAction.CHANGE_TEAM)
            if undone is None:
                raise RejectedError(make_problem("team_changed_since"))
            return undone

        with translate_database_errors():
            return await self.database.run_transaction(undo)

    async def find_team(self, guild_id: int, role_id: int) -> Team | None:
        """Find the team with this role."""
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: _find_team(connection, guild_id, role_id))

    async def list_teams(self, guild_id: int, role_ids: Collection[int] | None = None) -> Sequence[Team]:
        """List the teams of a guild by name, or those of a member with these roles."""
        with translate_database_errors():
            rows = await self.database.run_transaction(
                lambda connection: connection.execute(_SELECT_TEAMS, {_GUILD_ID.key: guild_id}).all()
            )
        return [_parse_team(row) for row in rows if role_ids is None or row.role_id in role_ids]

    async def load_choice(self, guild_id: int, user_id: int) -> TeamChoice:
        """Load for which team a member asks: for themselves if they never chose one."""
        values = {_GUILD_ID.key: guild_id, _USER_ID.key: user_id}
        with translate_database_errors():
            row = await self.database.run_transaction(
                lambda connection: connection.execute(_SELECT_CHOICE, values).one_or_none()
            )
        if row is None:
            return TeamChoice()
        return TeamChoice(row.chosen_id, None if row.name is None else _parse_team(row))

    async def save_choice(self, guild_id: int, user_id: int, role_id: int) -> None:
        """Remember for which team a member asks, `MYSELF` for themselves."""
        row = {"user_id": user_id, "guild_id": guild_id, "role_id": role_id}
        with translate_database_errors():
            await self.database.run_transaction(
                lambda connection: connection.execute(
                    build_upsert(connection, team_choices, row, conflict_columns=["user_id", "guild_id"])
                )
            )

    async def forget_choice(self, guild_id: int, user_id: int, role_id: int) -> bool:
        """Let a member ask for themselves again; False if they do not ask for this team."""
        statement = delete(team_choices).where(
            team_choices.c.user_id == user_id,
            team_choices.c.guild_id == guild_id,
            team_choices.c.role_id == role_id,
        )
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: bool(connection.execute(statement).rowcount))

    def _add(self, connection: Connection, team: Team, actor_id: int) -> TeamChange:
        if _find_team(connection, team.guild_id, team.role_id) is not None:
            raise RejectedError(make_problem("team_exists", team=team.name))
        row = {"role_id": team.role_id, "guild_id": team.guild_id, "created_by": actor_id, "created_at": self.clock()}
        connection.execute(insert(teams), row | _build_columns(team))
        if connection.execute(_COUNT_TEAMS, {_GUILD_ID.key: team.guild_id}).scalar_one() > MAX_TEAMS:
            raise RejectedError(make_problem("team_full", limit=MAX_TEAMS))
        return self._record(connection, team, actor_id, AuditAction.SET_UP_TEAM, None, _list_settings(team))

    def _change(
        self, connection: Connection, stored: Team, wanted: Team, actor_id: int, action: AuditAction
    ) -> TeamChange | None:
        changed = [name for name in TEAM_SETTINGS if getattr(stored, name) != getattr(wanted, name)]
        if not changed:
            return None
        values = {_GUILD_ID.key: stored.guild_id, _ROLE_ID.key: stored.role_id}
        connection.execute(update(teams).where(_IS_TEAM).values(_build_columns(wanted)), values)
        old, new = ({name: getattr(team, name) for name in changed} for team in (stored, wanted))
        return self._record(connection, wanted, actor_id, action, old, new)

    def _remove(self, connection: Connection, guild_id: int, role_id: int, actor_id: int) -> TeamChange:
        team = _require_team(connection, guild_id, role_id)
        connection.execute(delete(teams).where(_IS_TEAM), {_GUILD_ID.key: guild_id, _ROLE_ID.key: role_id})
        return self._record(connection, team, actor_id, AuditAction.REMOVE_TEAM, _list_settings(team), None)

    def _record(
        self,
        connection: Connection,
        team: Team,
        actor_id: int,
        action: AuditAction,
        old: Mapping[str, Any] | None,
        new: Mapping[str, Any] | None,
    ) -> TeamChange:
        """Add the line about a change to the audit log, with the name of the team as its reason."""
        change = ("team", format_team_settings(old), format_team_settings(new))
        entry_id = add_audit_entry(
            connection, team.guild_id, actor_id, action, team.role_id, team.name, self.clock(), change=change
        )
        return TeamChange(entry_id, team.role_id, old, new)


def _find_team(connection: Connection, guild_id: int, role_id: int) -> Team | None:
    row = connection.execute(_SELECT_TEAM, {_GUILD_ID.key: guild_id, _ROLE_ID.key: role_id}).one_or_none()
    return None if row is None else _parse_team(row)


def _require_team(connection: Connection, guild_id: int, role_id: int) -> Team:
    """Lock a team until the transaction ends, and return it. SQLite is locked as a whole."""
    values = {_GUILD_ID.key: guild_id, _ROLE_ID.key: role_id}
    connection.execute(update(teams).where(_IS_TEAM).values(name=teams.c.name), values)
    team = _find_team(connection, guild_id, role_id)
    if team is None:
        raise RejectedError(make_problem("team_unknown"))
    return team


def _list_settings(team: Team) -> dict[str, Any]:
    return {name: getattr(team, name) for name in TEAM_SETTINGS}


def _build_columns(team: Team) -> dict[str, Any]:
    settings = {name: getattr(team, name) for name in ("weight", "priority", "approver_role_id", "approval_limit")}
    return settings | {
        "name": team.name,
        "defaults": json.dumps(dict(team.defaults)),
        "locked": json.dumps(sorted(team.locked)),
    }


def _parse_team(row: Row[Any]) -> Team:
    name = f"team {row.role_id}"
    return Team(
        role_id=row.role_id,
        guild_id=row.guild_id,
        name=row.name,
        weight=row.weight,
        approver_role_id=row.approver_role_id,
        approval_limit=row.approval_limit,
        defaults=parse_saved_options(name, row.defaults),
        locked=_parse_locked(name, row.locked),
        priority=parse_saved_choice(name, row.priority, Priority.NORMAL, unknown=Priority.NORMAL),
    )


def _parse_locked(name: str, text: str) -> frozenset[str]:
    try:
        return frozenset(str(option) for option in json.loads(text))
    except (ValueError, TypeError) as error:
        _unreadable_rows.report(name, error)
        return frozenset()

"""The audit log of guilds. Entries are only ever added, with notices where they are mirrored to a channel."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, bindparam, insert, select

from bot.domain.audit import AuditAction, AuditEntry
from bot.domain.guild_settings import SettingChange, format_setting_value, parse_setting_value
from bot.domain.notices import NoticeKind
from bot.storage.notices import add_notice
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import audit_entries, guild_settings
from bot.storage.team_changes import parse_team_change

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_SELECT_LOG_CHANNEL: Final = select(guild_settings.c.log_channel_id).where(
    guild_settings.c.guild_id == _GUILD_ID, guild_settings.c.mirror_audit, guild_settings.c.log_channel_id.is_not(None)
)


def add_audit_entry(
    connection: Connection,
    guild_id: int,
    actor_id: int,
    action: AuditAction,
    target_id: int | None,
    reason: str,
    at: float,
    *,
    job_id: str | None = None,
    change: tuple[str, Any, Any] | None = None,
) -> int:
    """Add a line, and a notice of it if the guild mirrors its log to a channel. Return its id.

    `job_id` is the job that it was done to, whose author is the target; it is stored as the value that is gone.
    `change` is the name of a setting, or `team`, with its value before and after.
    """
    row = {
        "guild_id": guild_id,
        "actor_id": actor_id,
        "action": action,
        "target_id": target_id,
        "reason": reason,
        "created_at": at,
        "old_value": job_id and json.dumps(job_id),
    }
    if change is not None:
        name, old, new = change
        row |= {"setting": name, "old_value": format_setting_value(old), "new_value": format_setting_value(new)}
    entry_id: int = connection.execute(insert(audit_entries).returning(audit_entries.c.id), row).scalar_one()
    channel_id = connection.execute(_SELECT_LOG_CHANNEL, {_GUILD_ID.key: guild_id}).scalar()
    if channel_id is not None:
        data = {"entry_id": entry_id}
        add_notice(connection, f"audit:{entry_id}", guild_id, channel_id, NoticeKind.AUDIT, data, at)
    return entry_id


@dataclass(frozen=True)
class SqlAuditLog:
    """The stored log. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def add_entry(
        self, guild_id: int, actor_id: int, action: AuditAction, target_id: int | None, reason: str = ""
    ) -> None:
        """Add a line, as `add_audit_entry` does."""

        def add(connection: Connection) -> None:
            add_audit_entry(connection, guild_id, actor_id, action, target_id, reason, self.clock())

        with translate_database_errors():
            await self.database.run_transaction(add)

    async def find_entry(self, entry_id: int) -> AuditEntry | None:
        """Find a line by its id."""
        query = select(audit_entries).where(audit_entries.c.id == entry_id)
        with translate_database_errors():
            row = await self.database.run_transaction(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _parse_entry(row)

    async def list_entries(self, guild_id: int, limit: int, before_id: int | None = None) -> Sequence[AuditEntry]:
        """List the latest lines of a guild, or those before one of them, newest first."""
        query = select(audit_entries).where(audit_entries.c.guild_id == guild_id)
        if before_id is not None:
            query = query.where(audit_entries.c.id < before_id)
        query = query.order_by(audit_entries.c.id.desc()).limit(limit)
        with translate_database_errors():
            rows = await self.database.run_transaction(lambda connection: connection.execute(query).all())
        return [_parse_entry(row) for row in rows]


def parse_change(row: Row[Any]) -> SettingChange | None:
    """Parse the change of a setting in a row; None if it has none, or one that this release does not know."""
    if row.setting is None or row.old_value is None or row.new_value is None:
        return None
    try:
        old, new = (parse_setting_value(row.setting, text) for text in (row.old_value, row.new_value))
    except ValueError:
        return None
    return SettingChange(row.id, row.setting, old, new)


def _parse_entry(row: Row[Any]) -> AuditEntry:
    job_id = json.loads(row.old_value) if row.setting is None and row.old_value else None
    return AuditEntry(
        row.id,
        row.actor_id,
        row.action,
        row.target_id,
        row.reason,
        row.created_at,
        job_id,
        parse_change(row),
        parse_team_change(row),
    )

"""The audit log of guilds. Entries are only ever added."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from bot.domain.audit import AuditAction, AuditEntry
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import audit_entries


@dataclass(frozen=True)
class SqlAuditLog:
    """The stored log. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def add_entry(
        self, guild_id: int, actor_id: int, action: AuditAction, target_id: int | None, reason: str = ""
    ) -> None:
        """Add a line."""
        row = {
            "guild_id": guild_id,
            "actor_id": actor_id,
            "action": action,
            "target_id": target_id,
            "reason": reason,
            "created_at": self.clock(),
        }
        with translate_database_errors():
            await self.database.run_transaction(lambda connection: connection.execute(insert(audit_entries), row))

    async def list_entries(self, guild_id: int, limit: int, before_id: int | None = None) -> Sequence[AuditEntry]:
        """List the latest lines of a guild, or those before one of them, newest first."""
        query = select(audit_entries).where(audit_entries.c.guild_id == guild_id)
        if before_id is not None:
            query = query.where(audit_entries.c.id < before_id)
        query = query.order_by(audit_entries.c.id.desc()).limit(limit)
        with translate_database_errors():
            rows = await self.database.run_transaction(lambda connection: connection.execute(query).all())
        return [AuditEntry(row.id, row.actor_id, row.action, row.target_id, row.reason, row.created_at) for row in rows]

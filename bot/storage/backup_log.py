"""When the last backup was made, and whether the database was restored from one: a table of one row."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, inspect, select, update

from bot.domain.backups import LastBackup
from bot.storage.session import Database
from bot.storage.tables import backups, queue_epoch
from bot.storage.upsert import build_upsert

_ROW_ID = 1


@dataclass(frozen=True)
class SqlBackupLog:
    """Reads and updates the row. Every method raises `DATABASE_ERRORS`."""

    database: Database

    async def load_last_backup(self) -> LastBackup | None:
        """Load the last backup; None if there is none yet."""
        return await self.database.run_transaction(load_last_backup)

    async def is_restored(self) -> bool:
        """Tell whether the database was restored, and the queue was not compared with Discord since."""
        query = select(backups.c.restored_at)
        restored_at = await self.database.run_transaction(lambda connection: connection.execute(query).scalar())
        return restored_at is not None

    async def mark_compared(self) -> None:
        """Remember that the queue was compared with Discord."""
        statement = update(backups).values(restored_at=None)
        await self.database.run_transaction(lambda connection: connection.execute(statement))


def load_last_backup(connection: Connection) -> LastBackup | None:
    """Load the last backup of a database; None if there is none yet."""
    if not inspect(connection).has_table(backups.name):
        return None
    row = connection.execute(select(backups)).one_or_none()
    return None if row is None else LastBackup(row.made_at, row.size_bytes)


def save_last_backup(connection: Connection, backup: LastBackup) -> bool:
    """Save that a backup was made; False if the tables are those of an earlier release."""
    if not inspect(connection).has_table(backups.name):
        return False
    row = {"id": _ROW_ID, "made_at": backup.made_at, "size_bytes": backup.size_bytes}
    connection.execute(build_upsert(connection, backups, row, conflict_columns=["id"]))
    return True


def save_restoration(connection: Connection, backup: LastBackup, restored_at: float) -> None:
    """Save that the database was restored; the next bot compares the queue with it, and with Discord."""
    save_last_backup(connection, backup)
    connection.execute(update(backups).values(restored_at=restored_at))
    connection.execute(delete(queue_epoch))

"""SQLite without fsync, for tests: they kill processes, which lose nothing that the kernel has, and no machine."""

from typing import Any

from sqlalchemy import Engine, event


def leave_sqlite_unsynced() -> None:
    """Let no SQLite connection of this process, or of its forks, wait for the disk."""
    event.listen(Engine, "connect", _leave_unsynced)


def _leave_unsynced(connection: Any, _record: Any) -> None:
    """https://sqlite.org/pragma.html#pragma_synchronous."""
    if "sqlite" in type(connection).__module__:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()

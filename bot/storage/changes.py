"""Finding out whether the database has changed: by this process, and by others."""

from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event

from bot.storage.tables import (
    budget_counters,
    jobs,
    ledger_entries,
    outcomes,
    queue_entries,
    result_hashes,
    source_images,
)

_UNWATCHED_TABLES: Final = frozenset(
    {budget_counters, jobs, ledger_entries, outcomes, queue_entries, result_hashes, source_images}
)
"""The tables that every request writes. Nothing becomes due by them alone: what does has a row in another table."""


class ChangeNotes:
    """Notes which connections of an engine have changed rows for which somebody waits.

    Each transaction has a connection of its own.
    """

    def __init__(self, engine: Engine) -> None:
        self._changed: WeakSet[Connection] = WeakSet()
        event.listen(engine, "after_cursor_execute", self._note_change)

    def has_changed(self, connection: Connection) -> bool:
        """Tell whether the transaction of a connection has changed such rows, or may have."""
        return connection in self._changed

    def _note_change(
        self, connection: Connection, cursor: Any, _statement: str, _parameters: Any, context: Any, _is_many: bool
    ) -> None:
        """Note that a statement has changed rows. One that returns rows does not yet know their number."""
        is_change = context.isinsert or context.isupdate or context.isdelete
        if not is_change or context.compiled.statement.table in _UNWATCHED_TABLES:
            return
        if cursor.rowcount != 0 or cursor.description:
            self._changed.add(connection)


def read_mark(connection: Connection) -> object:
    """Read a value that is another one after each transaction of another connection that has changed rows.

    On PostgreSQL it changes with the other databases of its server, too.
    https://sqlite.org/pragma.html#pragma_data_version, and "Transaction ID and Snapshot Information Functions" in
    https://www.postgresql.org/docs/current/functions-info.html
    """
    is_sqlite = connection.dialect.name == "sqlite"
    query = "PRAGMA data_version" if is_sqlite else "SELECT CAST(txid_current_snapshot() AS text)"
    return connection.exec_driver_sql(query).scalar()

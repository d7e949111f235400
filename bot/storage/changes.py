"""Finding out whether the database has changed: by this process, and by others."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event

_HAS_CHANGES: Final = "has_changes"


def note_changes(engine: Engine) -> None:
    """Let the connections of an engine note the changes of their transactions, for `take_changes`."""
    event.listen(engine, "after_cursor_execute", _note_change)
    event.listen(engine, "rollback", take_changes)


def take_changes(connection: Connection) -> bool:
    """Tell whether a transaction that is about to be committed has changed rows."""
    return bool(connection.info.pop(_HAS_CHANGES, False))


def read_mark(connection: Connection) -> object:
    """Read a value that is another one after each transaction of another connection that has changed rows.

    On PostgreSQL it changes with the other databases of its server, too.
    https://sqlite.org/pragma.html#pragma_data_version, and "Transaction ID and Snapshot Information Functions" in
    https://www.postgresql.org/docs/current/functions-info.html
    """
    is_sqlite = connection.dialect.name == "sqlite"
    query = "PRAGMA data_version" if is_sqlite else "SELECT CAST(txid_current_snapshot() AS text)"
    return connection.exec_driver_sql(query).scalar()


def _note_change(
    connection: Connection, cursor: Any, _statement: str, _parameters: Any, context: Any, _is_many: bool
) -> None:
    """Note that a statement has changed rows. One that returns rows does not yet know their number."""
    is_change = context.isinsert or context.isupdate or context.isdelete
    if is_change and (cursor.rowcount != 0 or cursor.description):
        connection.info[_HAS_CHANGES] = True

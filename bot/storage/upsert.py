"""INSERT … ON CONFLICT, which each database's dialect has under a class of its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Table, TextClause
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert


def build_upsert(
    connection: AsyncConnection | Connection,
    table: Table,
    row: Mapping[str, Any],
    *,
    conflict_columns: Sequence[str],
    conflict_where: TextClause | None = None,
    unchanged_columns: Collection[str] = (),
) -> Insert:
    """Build a statement that inserts `row`, or updates the row with the same `conflict_columns`.

    `conflict_columns` are those of the primary key or of a unique index; `conflict_where` is the condition of a partial
    index, word for word. An update leaves `unchanged_columns` as they are.
    """
    insert = _build_insert(connection, table).values(dict(row))
    unchanged = {*conflict_columns, *unchanged_columns}
    changes = {name: insert.excluded[name] for name in row if name not in unchanged}
    upsert: Insert = insert.on_conflict_do_update(
        index_elements=conflict_columns, index_where=conflict_where, set_=changes
    )
    return upsert


async def insert_unless_exists(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert `row`; False if there is one with the same key."""
    inserted = await connection.execute(build_insert_unless_exists(connection, table, row))
    return inserted.one_or_none() is not None


def build_insert_unless_exists(
    connection: AsyncConnection | Connection, table: Table, row: Mapping[str, Any]
) -> ReturningInsert[Any]:
    """Build a statement that inserts `row` and returns its primary key, or no row if there is one with the same key."""
    insert = _build_insert(connection, table).values(dict(row)).on_conflict_do_nothing()
    returning: ReturningInsert[Any] = insert.returning(*table.primary_key)
    return returning


def _build_insert(connection: AsyncConnection | Connection, table: Table) -> Any:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MiB, and loaded already where it is used

    return postgresql.insert(table)

"""The collection of all tables, and how their keys and indexes are named."""

from typing import Final

from sqlalchemy import Index, MetaData, TextClause

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def build_partial_index(name: str, *columns: str, where: TextClause, unique: bool = False) -> Index:
    """Build the index of the rows that fulfil a condition. Migrations create it, in both databases with the condition.

    The definition has SQLite's alone: that of PostgreSQL would load its dialect, 2 MiB of memory in each bot.
    """
    return Index(name, *columns, unique=unique, sqlite_where=where)

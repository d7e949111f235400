"""Statements on a database of a test, without the stores."""

from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from bot.storage.engine import parse_database_url


def execute_sql(url: str, statement: str, **values: Any) -> Any:
    """Execute a statement; return its rows, if it has any."""
    engine = create_engine(parse_database_url(url), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else None
    finally:
        engine.dispose()

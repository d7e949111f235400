"""Reads the database of a running stack."""

import sqlite3
from contextlib import closing
from typing import Any

from demo.stack import Stack


def query_records(stack: Stack, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows that a statement reads from the bot's database; nothing can be written."""
    file = stack.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as records:
        return records.execute(statement, values).fetchall()

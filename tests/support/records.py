"""Reads the database of a running stack."""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from demo.stack import Stack


def query_records(stack: Stack, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows that a statement, with `?` for values, reads from the bot's database; nothing can be written."""
    url = stack.environment["DATABASE_URL"]
    if url.startswith("postgresql:"):
        with psycopg.connect(url) as server:
            server.read_only = True
            return list(server.execute(statement.replace("?", "%s").encode(), values).fetchall())
    with closing(sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as records:
        return records.execute(statement, values).fetchall()

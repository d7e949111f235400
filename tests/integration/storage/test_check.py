"""`bot check` does one real round on the database."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.storage.check import DatabaseCheckError, check_database
from bot.storage.session import Database
from bot.storage.tables import guild_settings


async def test_a_round_leaves_no_row_behind(database: Database) -> None:
    assert re.fullmatch(r"(sqlite|postgresql), schema \w+, up to date", await check_database(database))

    rows = await database.run_transaction(lambda connection: connection.execute(select(guild_settings)).all())
    assert rows == []


async def test_an_empty_database_is_in_order(database_url: str) -> None:
    database = Database(database_url)

    assert "still empty" in await check_database(database)
    assert "still empty" in await check_database(database)

    await database.close()


async def test_a_database_that_another_process_has_locked_is_an_error(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    other = sqlite3.connect(tmp_path / "records.db")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseCheckError, match=r"database is locked.*Check DATABASE_URL"):
        await check_database(database)

    other.close()
    await database.close()


async def test_a_folder_that_is_missing_is_an_error_without_a_traceback() -> None:
    database = Database("sqlite:////nowhere/records.db")

    with pytest.raises(DatabaseCheckError, match=r"unable to open database file.*Check DATABASE_URL"):
        await check_database(database)

    await database.close()

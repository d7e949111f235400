"""`bot doctor` does one real round on the database."""

import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.domain.backups import LastBackup
from bot.storage.backup_log import save_last_backup
from bot.storage.check import check_database
from bot.storage.session import Database
from bot.storage.tables import guild_settings
from shared.doctor.findings import Finding, Status


def list_errors(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.status is Status.ERROR]


async def test_a_round_leaves_no_row_behind(database: Database) -> None:
    server, schema, write, backup = await check_database(database)

    assert server.state.startswith(("SQLite 3.", "PostgreSQL 1"))
    assert schema.state.startswith("Its tables are those of this release, 00")
    assert write.state.startswith("It is written to, in ")
    assert (backup.status, backup.state) == (Status.WARNING, "No backup was made yet.")
    rows = await database.run_transaction(lambda connection: connection.execute(select(guild_settings)).all())
    assert rows == []


@pytest.mark.parametrize(("hours", "status"), [(5, Status.OK), (47, Status.OK), (49, Status.WARNING), (-1, Status.OK)])
async def test_the_age_of_the_last_backup_is_told(hours: float, status: Status, database: Database) -> None:
    made_at = time.time() - hours * 3600
    await database.run_transaction(lambda connection: save_last_backup(connection, LastBackup(made_at, 1)))

    [backup] = [finding for finding in await check_database(database) if finding.name == "database.backup"]

    assert (backup.status, backup.state) == (status, f"The last backup was made {max(hours, 0)} hours ago.")


async def test_an_empty_database_is_in_order(database_url: str) -> None:
    database = Database(database_url)

    for _ in range(2):
        findings = await check_database(database)
        assert list_errors(findings) == []
        assert "It is still empty" in findings[1].state

    await database.close()


@pytest.mark.parametrize(
    ("statement", "status", "what"),
    [
        (
            "UPDATE alembic_version SET version_num = '0001_initial'",
            Status.OK,
            "Its tables are 0001_initial: the bot upgrades them to ",
        ),
        ("UPDATE alembic_version SET version_num = '9999'", Status.OK, "Its tables are 9999, of a newer release"),
        ("UPDATE stored_format SET format = '99.0'", Status.ERROR, "has the format 99.0 of a newer release"),
    ],
)
async def test_tables_of_another_release_are_told(
    statement: str, status: Status, what: str, database: Database
) -> None:
    await database.run_transaction(lambda connection: connection.execute(text(statement)))

    [finding] = [
        finding for finding in await check_database(database) if finding.name in {"database.schema", "database.format"}
    ]

    assert (finding.status, what in finding.state) == (status, True)


async def test_a_database_that_another_process_has_locked_is_an_error(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    other = sqlite3.connect(tmp_path / "records.db")
    other.execute("BEGIN IMMEDIATE")

    [error] = list_errors(await check_database(database))

    assert "database is locked" in error
    assert "Check DATABASE_URL" in error
    other.close()
    await database.close()


async def test_a_folder_that_is_missing_is_an_error_without_a_traceback() -> None:
    database = Database("sqlite:////nowhere/records.db")

    [error] = list_errors(await check_database(database))

    assert "unable to open database file" in error
    assert "Check DATABASE_URL" in error
    await database.close()

"""Checking the database as the bot uses it: it reads the schema's revision, and writes, reads and deletes a row."""

import time
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text

from bot.domain.backups import LastBackup
from bot.domain.outages import get_reason
from bot.storage.backup_log import load_last_backup
from bot.storage.migrate import list_revisions, read_revision
from bot.storage.session import DATABASE_ERRORS, Database
from bot.storage.stored_format import check_database_format
from bot.storage.tables import guild_settings
from shared.doctor.findings import Finding, Status, find_fault
from shared.stored_format import UnsupportedFormatError

WARNING_LATENCY_SECONDS: Final = 0.1
SECONDS_PER_HOUR: Final = 3600

_CHECK_ID: Final = 0
"""No guild has it."""

_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


async def check_database(database: Database) -> list[Finding]:
    """Do one round of the bot's work. An error of the database is one of the findings."""
    findings = list[Finding]()
    try:
        findings.append(await database.run_transaction(_read_version))
        revision = await database.run_transaction(read_revision)
        await database.run_transaction(check_database_format)
        findings.append(_assess_revision(revision))
        started = time.perf_counter()
        if revision is None:
            await database.run_transaction(_create_table)
        else:
            await database.run_transaction(_write_row)
            await database.run_transaction(_read_and_delete_row)
        findings.append(_assess_latency((time.perf_counter() - started) / 2))
        if revision is not None:
            findings.append(_assess_backup(await database.run_transaction(load_last_backup), time.time()))
    except DATABASE_ERRORS as error:
        findings.append(_describe_error(error))
    except UnsupportedFormatError as error:
        findings.append(find_fault("database.format", str(error)))
    return findings


def _read_version(connection: Connection) -> Finding:
    name = connection.dialect.name
    query = "SELECT sqlite_version()" if name == "sqlite" else "SHOW server_version"
    version = str(connection.execute(text(query)).scalar())
    return Finding("database.server", Status.OK, f"{_NAMES.get(name, name)} {version}.")


def _assess_revision(revision: str | None) -> Finding:
    known = list_revisions()
    newest = known[-1]
    if revision is None:
        what = "It is still empty: the bot creates its tables when it starts."
    elif revision == newest:
        what = f"Its tables are those of this release, {revision}."
    elif revision in known:
        what = f"Its tables are {revision}: the bot upgrades them to {newest} when it starts."
    else:
        what = f"Its tables are {revision}, of a newer release in a format that this one reads."
    return Finding("database.schema", Status.OK, what)


def _create_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE pentimento_check (id INTEGER)"))
    connection.execute(text("DROP TABLE pentimento_check"))


def _write_row(connection: Connection) -> None:
    connection.execute(delete(guild_settings).where(guild_settings.c.guild_id == _CHECK_ID))
    connection.execute(insert(guild_settings).values(guild_id=_CHECK_ID, button_policy="everyone"))


def _read_and_delete_row(connection: Connection) -> None:
    connection.execute(select(guild_settings).where(guild_settings.c.guild_id == _CHECK_ID)).one()
    connection.execute(delete(guild_settings).where(guild_settings.c.guild_id == _CHECK_ID))


def _assess_latency(seconds: float) -> Finding:
    what = f"It is written to, in {seconds * 1000:.1f} ms a transaction."
    if seconds < WARNING_LATENCY_SECONDS:
        return Finding("database.write", Status.OK, what)
    return Finding("database.write", Status.WARNING, what, "Move it to a faster disk, or nearer.")


def _assess_backup(backup: LastBackup | None, now: float) -> Finding:
    advice = "Run `python -m bot backup FOLDER` every day, unless whoever runs the database makes backups."
    if backup is None:
        return Finding("database.backup", Status.WARNING, "No backup was made yet.", advice)
    hours = max(now - backup.made_at, 0) / SECONDS_PER_HOUR
    what = f"The last backup was made {hours:.0f} hours ago."
    if backup.is_old(now):
        return Finding("database.backup", Status.WARNING, what, advice)
    return Finding("database.backup", Status.OK, what)


def _describe_error(error: Exception) -> Finding:
    reason = get_reason(error)
    return Finding(
        "database.write",
        Status.ERROR,
        f"The database cannot be used ({reason}).",
        "Check DATABASE_URL, and whether the database runs and may be written.",
    )

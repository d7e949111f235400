"""Dumps a PostgreSQL database while the bot uses it, and restores a dump, with PostgreSQL's own programs."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, text

from bot.domain.backups import BackupError
from bot.storage.tables import metadata

FILE_NAME: Final = "database.dump"
_LOCK_TIMEOUT_SECONDS: Final = 10
_OTHER_SESSIONS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
_FUNCTIONS: Final = text(
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
    "AND proname IN ('list_job_trigrams', 'complete_favourite', 'count_favourite')"
)


def find_program(name: str) -> str:
    """Find one of PostgreSQL's programs. Raises `BackupError`."""
    program = shutil.which(name)
    if program is None:
        raise BackupError(
            f"{name} is not installed. Install PostgreSQL's client of the server's version or later (Debian: "
            "postgresql-client), or use the backups of whoever runs the server."
        )
    return program


def dump_database(url: URL, connection: Connection, dump: Path) -> None:
    """Dump the tables as the transaction of `connection` sees them. Raises `BackupError`.

    https://www.postgresql.org/docs/current/app-pgdump.html
    """
    program = find_program("pg_dump")
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    options = ("--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--snapshot={snapshot}")
    target = (f"--schema={load_schema_name(connection)}", f"--file={dump}")
    _run(
        url, [program, *options, *target, f"--dbname={_build_connection_string(url)}"], "The database cannot be dumped"
    )


def load_schema_name(connection: Connection) -> str:
    """Load the name of the schema that has the tables."""
    return str(connection.execute(text("SELECT current_schema()")).scalar_one())


def count_other_sessions(connection: Connection) -> int:
    """Count the other connections of this user to this database."""
    return int(connection.execute(_OTHER_SESSIONS).scalar_one())


def drop_tables(connection: Connection) -> None:
    """Drop the tables of the bot and what belongs to them."""
    quote = connection.dialect.identifier_preparer.quote
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'"))
    for name in (*metadata.tables, "alembic_version"):
        connection.execute(text(f"DROP TABLE IF EXISTS {quote(name)} CASCADE"))
    for function in connection.execute(_FUNCTIONS).scalars().all():
        connection.execute(text(f"DROP FUNCTION {function}"))


def check_dump(url: URL, dump: Path) -> None:
    """Check that a dump can be read. Raises `BackupError`."""
    _run(url, [find_program("pg_restore"), "--list", str(dump)], "The backup cannot be read")


def restore_dump(url: URL, dump: Path, schema_name: str) -> None:
    """Restore a dump into a schema without the bot's tables, all or nothing. Raises `BackupError`."""
    options = ("--no-owner", "--no-privileges", "--no-password", "--exit-on-error", "--single-transaction")
    target = (f"--schema={schema_name}", f"--dbname={_build_connection_string(url)}", str(dump))
    _run(url, [find_program("pg_restore"), *options, *target], "The backup cannot be restored")


def _run(url: URL, command: Sequence[str], failure: str) -> None:
    """Run a program. It gets the password from its environment, where others cannot read it. Raises `BackupError`."""
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.strip()), f"exit code {done.returncode}")
        name = Path(command[0]).name
        raise BackupError(f"{failure} ({reason.strip()}). Check DATABASE_URL and the version of {name}.")


def _build_connection_string(url: URL) -> str:
    """Build what libpq reads, without the password.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
    """
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    quoted = {name: str(value).replace("\\", "\\\\").replace("'", "\\'") for name, value in parts.items() if value}
    return " ".join(f"{name}='{value}'" for name, value in quoted.items())

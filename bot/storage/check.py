"""Checking the database as the bot uses it: it reads the schema's revision, and writes, reads and deletes a row."""

from typing import Final

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from bot.storage.migrate import build_alembic_config
from bot.storage.session import DATABASE_ERRORS, Database
from bot.storage.tables import guild_settings
from shared.errors import PentimentoError

_CHECK_ID: Final = 0
"""No guild has it."""


class DatabaseCheckError(PentimentoError):
    """The database cannot be used; the message says why and what to do."""


async def check_database(database: Database) -> str:
    """Do one round of the bot's work, and describe the database. Raises `DatabaseCheckError`."""
    try:
        revision = await database.run_transaction(_read_revision)
        if revision is None:
            await database.run_transaction(_create_table)
            return f"{database.url.get_backend_name()}, still empty: the bot creates its tables when it starts"
        await database.run_transaction(_write_row)
        await database.run_transaction(_read_and_delete_row)
    except DATABASE_ERRORS as error:
        raise DatabaseCheckError(_describe_error(error)) from error
    state = (
        "up to date" if revision == _find_newest_revision() else "upgraded when the bot starts, or of a newer release"
    )
    return f"{database.url.get_backend_name()}, schema {revision}, {state}"


def _read_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _find_newest_revision() -> str | None:
    return ScriptDirectory.from_config(build_alembic_config()).get_current_head()


def _create_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE pentimento_check (id INTEGER)"))
    connection.execute(text("DROP TABLE pentimento_check"))


def _write_row(connection: Connection) -> None:
    connection.execute(delete(guild_settings).where(guild_settings.c.guild_id == _CHECK_ID))
    connection.execute(insert(guild_settings).values(guild_id=_CHECK_ID, button_policy="everyone"))


def _read_and_delete_row(connection: Connection) -> None:
    connection.execute(select(guild_settings).where(guild_settings.c.guild_id == _CHECK_ID)).one()
    connection.execute(delete(guild_settings).where(guild_settings.c.guild_id == _CHECK_ID))


def _describe_error(error: Exception) -> str:
    cause = (error.orig if isinstance(error, DBAPIError) else None) or error
    reason = str(cause).strip().partition("\n")[0] or "it does not answer in time"
    return (
        f"The database cannot be used ({reason}). Check DATABASE_URL, and whether the database runs and may be written."
    )

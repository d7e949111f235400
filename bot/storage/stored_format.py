"""The format of the data in the database, in a table of one row."""

from sqlalchemy import Connection, delete, insert, inspect, select

from bot.storage.tables import stored_format
from shared.stored_format import choose_format


def check_database_format(connection: Connection) -> None:
    """Check that this release reads the stored data; an empty database has no format yet.

    Raises `UnsupportedFormatError`.
    """
    choose_format(load_database_format(connection), "The database")


def store_database_format(connection: Connection) -> None:
    """Store the release's own format if it is newer than the stored one. Raises `UnsupportedFormatError`."""
    stored = load_database_format(connection)
    chosen = str(choose_format(stored, "The database"))
    if chosen != stored:
        connection.execute(delete(stored_format))
        connection.execute(insert(stored_format).values(format=chosen))


def load_database_format(connection: Connection) -> str | None:
    """Load the stored format; None if there is none yet."""
    if not inspect(connection).has_table(stored_format.name):
        return None
    text: str | None = connection.execute(select(stored_format.c.format)).scalar()
    return text

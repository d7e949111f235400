"""Upgrading the schema with Alembic, which is imported only if there is something to upgrade: it takes 13 MiB."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def build_alembic_config() -> Config:
    """Build a configuration that names the folder of the migrations."""
    config = Config()
    config.set_main_option("script_location", "bot.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade_schema(connection: Connection, revision: str) -> None:
    """Upgrade the schema in the transaction of the connection.

    https://alembic.sqlalchemy.org/en/latest/cookbook.html#connection-sharing
    """
    config = build_alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)

"""Where Alembic finds its environment and the versions of the schema."""

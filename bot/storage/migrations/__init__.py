"""Alembic's script directory: its environment and the versions of the schema."""

"""The schema, version after version; a migration that was released is never changed."""

"""Makes and restores backups of the database, for `python -m bot backup` and `restore`."""

"""Batches: their tables are read, their items run, and their messages are drawn from the database."""

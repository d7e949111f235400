"""Repairs jobs that the queue has lost."""

"""The metrics of the worker."""

"""Outside things behind the ports of the worker."""

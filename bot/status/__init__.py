"""Keeps the status messages under the commands up to date."""

"""Reimagine."""

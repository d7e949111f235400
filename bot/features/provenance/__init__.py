"""Provenance: where a picture comes from, told to one person."""

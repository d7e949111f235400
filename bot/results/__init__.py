"""Finds past results: their settings, messages, pictures and thumbnails."""

"""Delivers outcomes: each is posted once where its job was requested, recorded, and acknowledged."""

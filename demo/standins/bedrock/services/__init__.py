"""Stability's thirteen image services: what each accepts, and what it makes of it."""

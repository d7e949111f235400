"""Repeatable chance: the same words give the same draws, on every machine."""

from random import Random


def create_random(*words: object) -> Random:
    """Make a generator whose draws depend on these words alone."""
    return Random(repr(words).encode("utf-8", "replace"))  # noqa: S311 - pictures want no secrets

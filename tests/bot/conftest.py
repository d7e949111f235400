"""discord.py is imported once, before warnings are errors for it."""

import warnings

with warnings.catch_warnings():
    # it imports audioop, of whose end in Python 3.13 Python 3.11 warns
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord  # noqa: F401 - the tests import it again

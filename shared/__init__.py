"""The values that the bot and the worker exchange, and the keys and scripts of the queue. Opens no connection."""

__version__ = "0.1.0"

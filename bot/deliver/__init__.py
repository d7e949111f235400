"""An outcome arrives, the thread hears of it."""

from bot.deliver.deliver import PATIENCE, Deliver, Queue

__all__ = ["PATIENCE", "Deliver", "Queue"]

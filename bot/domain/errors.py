"""Errors that several packages of the bot share."""

from shared.errors import PentimentoError


class QueueResultUnknownError(PentimentoError):
    """The queue's reply was lost: the command may have been carried out or not."""

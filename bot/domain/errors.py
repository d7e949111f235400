"""Errors that several packages of the bot share."""

from shared.errors import PentimentoError


class QueueUnavailableError(PentimentoError):
    """The queue did not reply, or refused (`is_refusal`); the message tells the operator why.

    The command may have been carried out all the same, unless it was refused.
    """

    def __init__(self, message: str, *, is_refusal: bool) -> None:
        super().__init__(message)
        self.is_refusal = is_refusal


class PartitionLostError(PentimentoError):
    """Another bot delivers the outcomes of this partition."""


class QueueResultUnknownError(PentimentoError):
    """The queue's reply was lost: the command may have been carried out or not."""

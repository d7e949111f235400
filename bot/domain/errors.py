"""Errors that several packages of the bot share."""


class QueueResultUnknownError(Exception):
    """The queue's reply was lost: the command may have been carried out or not."""

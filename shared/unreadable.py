"""Rows in Redis and SQL that this release cannot read, because another one wrote them or because they were damaged.

Rows are read one by one: an unreadable one is set aside and reported, and all others go on. Whatever crosses a process
ignores fields that it does not know; docs/operate/upgrading.md says which changes a release may make.
"""

import logging
from collections import OrderedDict
from typing import Final

from pydantic import ValidationError

MAX_REMEMBERED: Final = 1000
_MAX_QUOTED_ERRORS: Final = 5


class UnreadableRowLog:
    """Logs each row that cannot be read once, although some rows are read again every few seconds."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._reported: OrderedDict[str, None] = OrderedDict()

    def report(self, row: str, error: Exception) -> None:
        """Log an error that names the row, such as "job 17", and the reason, unless this was done before."""
        if row in self._reported:
            return
        self._reported[row] = None
        if len(self._reported) > MAX_REMEMBERED:
            self._reported.popitem(last=False)
        self._logger.error(
            "%s cannot be read by this release and is set aside, all others go on: %s", row, describe_read_error(error)
        )


def describe_read_error(error: Exception) -> str:
    """Describe why a row cannot be read, without its values: they are what people wrote."""
    if not isinstance(error, ValidationError):
        return type(error).__name__
    details = error.errors(include_url=False, include_context=False, include_input=False)
    texts = [f"{'.'.join(map(str, detail['loc'])) or 'the row'}: {detail['type']}" for detail in details]
    more = len(texts) - _MAX_QUOTED_ERRORS
    return ", ".join(texts[:_MAX_QUOTED_ERRORS]) + (f" and {more} more" if more > 0 else "")

"""The log format of the bot and the worker."""

import logging
import time


class UtcFormatter(logging.Formatter):
    """Formats a record as time (UTC), level, logger and message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s  %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime


def configure_logging(level: str, formatter: logging.Formatter) -> None:
    """Log records of this level and above to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)

"""One line a record, and nothing in it that opens a door."""

import logging
import re
import time
from typing import Final

from discord import VoiceClient

# The token in an interaction's or webhook's address answers for the bot; a signature opens a private picture.
_SECRET_PATTERNS: Final = (
    (re.compile(r"(/(?:interactions|webhooks)/\d+/)[^/?\s'\"]+"), r"\1…"),
    (re.compile(r"(['\"]token['\"]: ?)(['\"]).*?\2"), r"\1\2…\2"),
    (re.compile(r"([?&](?:ex|is|hm)=)[^&\s'\"]+"), r"\1…"),
)


class RedactingFormatter(logging.Formatter):
    """Time (UTC), level, logger, message; tokens and signatures are left out, in tracebacks too."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s  %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret, without in _SECRET_PATTERNS:
            text = secret.sub(without, text)
        return text


def configure_logging(level: str) -> None:
    """Log to the error stream from this level on."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # this bot speaks to nobody

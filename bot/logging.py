"""Logging without secrets."""

import logging
import re
from typing import Final

from discord import VoiceClient

from shared import logging as shared_logging

# An interaction's token answers in the bot's name; an attachment's signature opens a private picture.
_SECRET_PATTERNS: Final = (
    (re.compile(r"(/(?:interactions|webhooks)/\d+/)[^/?\s'\"]+"), r"\1…"),
    (re.compile(r"(['\"]token['\"]: ?)(['\"]).*?\2"), r"\1\2…\2"),
    (re.compile(r"([?&](?:ex|is|hm)=)[^&\s'\"]+"), r"\1…"),
)

_BALLOT_MARK: Final = "round_choice:"  # in every event and request that shows a member's ballot


class RedactingFormatter(shared_logging.UtcFormatter):
    """Removes tokens and signatures from records, and from their tracebacks. Ballots are secret: none is shown."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if record.levelno <= logging.DEBUG and _BALLOT_MARK in text:
            hidden = logging.makeLogRecord(vars(record) | {"msg": "…", "args": (), "exc_info": None, "exc_text": None})
            return super().format(hidden)
        for pattern, replacement in _SECRET_PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def configure_logging(level: str) -> None:
    """Log records of this level and above to stderr."""
    shared_logging.configure_logging(level, RedactingFormatter())
    VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # the bot does not use voice

"""Logging without secrets, and without prompts unless the operator wants them."""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from discord import VoiceClient

from bot.domain.outages import find_outage, get_reason
from shared import logging as shared_logging
from shared.logging import PROMPT_LOGGER, EntryFormatter

# An interaction's token answers in the bot's name; an attachment's signature opens a private picture.
_SECRET_PATTERNS: Final = (
    (re.compile(r"(/(?:interactions|webhooks)/\d+/)[^/?\s'\"]+"), r"\1…"),
    (re.compile(r"(['\"]token['\"]: ?)(['\"]).*?\2"), r"\1\2…\2"),
    (re.compile(r"([?&](?:ex|is|hm)=)[^&\s'\"]+"), r"\1…"),
)

_BALLOT_MARK: Final = "round_choice:"  # in every event and request that shows a member's ballot
_PAYLOAD_LOGGERS: Final = ("discord.gateway", "discord.http")


def redact(level: int, message: str, traceback: str) -> tuple[str, str]:
    """Remove tokens and signatures. Ballots are secret: no event and no request that shows one is left."""
    if level <= logging.DEBUG and (_BALLOT_MARK in message or _BALLOT_MARK in traceback):
        return "…", ""
    for pattern, replacement in _SECRET_PATTERNS:
        message, traceback = pattern.sub(replacement, message), pattern.sub(replacement, traceback)
    return message, traceback


def hide_payloads(record: logging.LogRecord) -> bool:
    """Keep the events and bodies out of a line of discord.py: they hold prompts and names. A filter of its loggers."""
    if record.levelno <= logging.DEBUG and record.args:
        arguments = (record.args,) if isinstance(record.args, Mapping) else record.args
        record.args = tuple("…" if _may_hold_text(argument) else argument for argument in arguments)
    return True


def shorten_outage(record: logging.LogRecord) -> bool:
    """Put the reason in place of the traceback of a database that does not answer. A filter of the handler."""
    outage = find_outage(record.exc_info[1]) if record.exc_info else None
    if outage is not None:
        message, reason = record.getMessage(), get_reason(outage)
        record.msg, record.args = (message if reason in message else f"{message} ({reason})"), None
        record.exc_info = record.exc_text = None
    return True


def configure_logging(level: str, *, log_format: str = "text", shows_prompts: bool = False) -> None:
    """Log records of this level and above to stderr, as text or JSON."""
    shared_logging.configure_logging(level, EntryFormatter(shared_logging.WRITERS[log_format], redact))
    for handler in logging.getLogger().handlers:
        handler.addFilter(shorten_outage)
    logging.getLogger(PROMPT_LOGGER).disabled = not shows_prompts
    for name in () if shows_prompts else _PAYLOAD_LOGGERS:
        logging.getLogger(name).addFilter(hide_payloads)
    VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # the bot does not use voice


def _may_hold_text(argument: Any) -> bool:
    if isinstance(argument, str):
        return argument.startswith(("{", "["))
    return not isinstance(argument, int | float | None)

"""The log of the bot and the worker: lines of text or of JSON, with times in UTC, that name the job they concern."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from shared.log_context import JOB_ID, TRACE_ID

Redact = Callable[[int, str, str], tuple[str, str]]
"""Removes secrets from a message and its traceback; the number is the level of the record."""

PROMPT_LOGGER: Final = "prompts"
"""Logs what people ask for. The bot silences it unless LOG_PROMPTS is set."""

_NAMED_JOB: Final = re.compile(r"job (\d+(?:-\w+)*)\b")
_LINE_BREAKS: Final = re.compile(r"\s*\n\s*")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogEntry:
    """The parts of a line. Empty are `job_id` and `trace_id` of a line that concerns none, `traceback` without one."""

    unix_seconds: float
    level: str
    logger: str
    message: str
    job_id: str
    trace_id: str
    traceback: str


class EntryFormatter(logging.Formatter):
    """Formats records by `write_entry`, after `redact` has removed the secrets.

    A line concerns the job that its message begins with, else the job of its context.
    """

    def __init__(self, write_entry: Callable[[LogEntry], str], redact: Redact = lambda _, *texts: texts) -> None:
        super().__init__()
        self._write_entry = write_entry
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        traceback = self.formatException(record.exc_info) if record.exc_info else ""
        message, traceback = self._redact(record.levelno, record.getMessage(), traceback)
        named = _NAMED_JOB.match(message)
        job_id = named[1] if named else JOB_ID.get()
        return self._write_entry(
            LogEntry(record.created, record.levelname, record.name, message, job_id, TRACE_ID.get(), traceback)
        )


def write_text(entry: LogEntry) -> str:
    """Write time, level, logger and message in one line, with the job unless the message says it; then a traceback."""
    prefix = f"job {entry.job_id}: " if entry.job_id and entry.job_id not in entry.message else ""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry.unix_seconds))
    message = _LINE_BREAKS.sub(" ", entry.message.strip())
    line = f"{at} {entry.level:<7} {entry.logger}  {prefix}{message}"
    return f"{line}\n{entry.traceback}" if entry.traceback else line


def write_json(entry: LogEntry) -> str:
    """Write one line of JSON, with the fields of docs/operate/logs.md; those that are empty are left out."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(entry.unix_seconds))
    fields = {
        "time": f"{seconds}.{int(entry.unix_seconds % 1 * 1000):03}Z",
        "level": entry.level,
        "logger": entry.logger,
        "message": entry.message,
        "job_id": entry.job_id,
        "trace_id": entry.trace_id,
        "exception": entry.traceback,
    }
    return json.dumps({name: value for name, value in fields.items() if value or name == "message"})


WRITERS: Final = {"text": write_text, "json": write_json}


def configure_logging(level: str, formatter: logging.Formatter) -> None:
    """Log records of this level and above to stderr, with Python's warnings and what would end a thread or the process.

    Without this, Python would write those in its own format.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("PIL").setLevel(max(logging.INFO, logging.getLogger().level))  # at DEBUG it logs metadata
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_end_of_process
    threading.excepthook = _log_end_of_thread


def _log_end_of_process(*error: Any) -> None:
    if issubclass(error[0], KeyboardInterrupt):
        sys.__excepthook__(*error)
    else:
        log.critical("the process ends because of an error", exc_info=error)


def _log_end_of_thread(arguments: threading.ExceptHookArgs) -> None:
    name = arguments.thread.name if arguments.thread else "?"
    error = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    log.critical("the thread %s ends because of an error", name, exc_info=error)  # type: ignore[arg-type]

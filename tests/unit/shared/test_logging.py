"""Lines of text and of JSON, and the job that they concern."""

import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable

import pytest

from shared.log_context import TRACE_ID, bind_job_id
from shared.logging import EntryFormatter, configure_logging, write_json, write_text

JOB = "1442000000000000001-02"


def make_record(message: str, *args: object, is_error: bool = False) -> logging.LogRecord:
    return logging.LogRecord("worker.x", logging.INFO, "", 0, message, args, sys.exc_info() if is_error else None)


def read_json(record: logging.LogRecord) -> dict[str, str]:
    line = EntryFormatter(write_json).format(record)
    assert "\n" not in line
    fields: dict[str, str] = json.loads(line)
    return fields


def test_text_names_the_job_of_its_context_once() -> None:
    write = EntryFormatter(write_text).format
    with bind_job_id(JOB):
        lines = [write(make_record("We are being rate limited.")), write(make_record("job %s: queued", JOB))]

    assert re.fullmatch(rf"\S+T\S+Z INFO    worker\.x  job {JOB}: We are being rate limited\.", lines[0])
    assert lines[1].endswith(f"  job {JOB}: queued")
    assert write(make_record("sweep")).endswith("  sweep")


def test_a_message_is_one_line_of_text() -> None:
    assert EntryFormatter(write_text).format(make_record("\nno\n\n  root: %s\n", "a\nb")).endswith("  no root: a b")


@pytest.mark.parametrize(
    ("message", "job_id"),
    [
        (f"job {JOB}: queued", JOB),
        ("job 17 cannot be read by this release", "17"),
        ("job 17-r1: queued", "17-r1"),
        ("17 jobs of stage prepare", None),
        ("job queue", None),
    ],
)
def test_json_names_the_job_that_a_message_begins_with(message: str, job_id: str | None) -> None:
    assert read_json(make_record(message)).get("job_id") == job_id


def test_json_has_the_job_and_the_trace_of_its_context() -> None:
    token = TRACE_ID.set("ab" * 16)
    try:
        with bind_job_id(JOB):
            fields = read_json(make_record("no « picture »: %s", "x\ny"))
    finally:
        TRACE_ID.reset(token)

    at = fields.pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
    assert fields == {
        "level": "INFO",
        "logger": "worker.x",
        "message": "no « picture »: x\ny",
        "job_id": JOB,
        "trace_id": "ab" * 16,
    }
    assert set(read_json(make_record("x"))) == {"time", "level", "logger", "message"}


def test_a_traceback_is_one_field() -> None:
    try:
        int("broken")
    except ValueError:
        record = make_record("job 7: internal error", is_error=True)

    traceback = read_json(record)["exception"].splitlines()
    assert traceback[0].startswith("Traceback")
    assert traceback[-1].startswith("ValueError: ")
    assert EntryFormatter(write_text).format(record).endswith("\n" + "\n".join(traceback))


def _end_thread() -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="t1")
    thread.start()
    thread.join()


def _end_process() -> None:
    try:
        1 / 0  # noqa: B018 - raises
    except ZeroDivisionError:
        sys.excepthook(*sys.exc_info())


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (lambda: warnings.warn("old option", stacklevel=1), "old option"),
        (_end_thread, "ZeroDivisionError"),
        (_end_process, "ZeroDivisionError"),
    ],
)
def test_what_python_itself_would_write_has_the_same_format(
    cause: Callable[[], None], words: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        configure_logging("INFO", EntryFormatter(write_json))
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(capture=False)  # left on by a test before, it would keep the other function
            logging.captureWarnings(capture=True)
            cause()
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = handlers
        root.setLevel(level)

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert len(lines) == 1
    assert words in lines[0]["message"] + lines[0].get("exception", "")

"""The log contains no secrets, and no prompts unless they are wanted."""

import json
import logging
import re
import sys
import threading

import pytest

from bot.domain.rounds import Phase
from bot.features.rounds.custom_ids import BallotChoiceId
from bot.logging import configure_logging, hide_payloads, redact
from shared.logging import PROMPT_LOGGER, EntryFormatter, write_json, write_text

TOKEN = "aW50ZXJhY3Rpb246MTIz.secret-part_-9"


def format_line(message: str, *args: object, error: bool = False) -> str:
    record = logging.LogRecord("bot.x", logging.INFO, "", 0, message, args, sys.exc_info() if error else None)
    return EntryFormatter(write_text, redact).format(record)


def test_a_record_is_one_line_with_time_level_and_logger() -> None:
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    bot\.x  job 7: accepted", format_line("job %s: accepted", 7)
    )


@pytest.mark.parametrize(
    "message",
    [
        f"POST https://discord.com/api/v10/interactions/123/{TOKEN}/callback has returned 200",
        f"PATCH https://discord.com/api/v10/webhooks/123/{TOKEN}/messages/@original",
        f"POST https://discord.com/api/v10/webhooks/123/{TOKEN}?wait=true",
        f"WebSocket Event: {{'op': 0, 'd': {{'token': '{TOKEN}', 'id': '7'}}}}",
        f'{{"token": "{TOKEN}"}}',
        f"https://cdn.discordapp.com/attachments/1/2/a.png?ex={TOKEN}&is=1&hm={TOKEN}&",
    ],
)
def test_tokens_and_signatures_are_removed(message: str) -> None:
    assert TOKEN not in format_line(message)
    record = logging.LogRecord("bot.x", logging.INFO, "", 0, "%s", (message,), None)
    assert TOKEN not in json.loads(EntryFormatter(write_json, redact).format(record))["message"]


def test_no_event_and_no_request_with_a_ballot_is_shown() -> None:
    custom_id = BallotChoiceId("7", Phase.VOTING, 1, 1, 0)
    event = f"WebSocket Event: {{'member': {{'id': '8'}}, 'data': {{'custom_id': '{custom_id}', 'values': ['9']}}}}"
    record = logging.LogRecord("discord.gateway", logging.DEBUG, "", 0, "For Shard ID %s: %s", (0, event), None)

    assert EntryFormatter(write_text, redact).format(record).endswith("DEBUG   discord.gateway  …")


@pytest.mark.parametrize(
    ("message", "args", "line"),
    [
        ("For Shard ID %s: WebSocket Event: %s", (None, {"d": "castle"}), "For Shard ID None: WebSocket Event: …"),
        (
            "%s %s with %s has returned %s",
            ("POST", "/x", '{"content": "castle"}', 200),
            "POST /x with … has returned 200",
        ),
        ("%s %s has received %s", ("GET", "/x", [{"content": "castle"}]), "GET /x has received …"),
        ("Received %s", ({"content": "castle"},), "Received …"),
        ("Unexpected: %s", (), "Unexpected: %s"),
    ],
)
def test_events_and_bodies_are_hidden(message: str, args: tuple[object, ...], line: str) -> None:
    record = logging.LogRecord("discord.http", logging.DEBUG, "", 0, message, args, None)

    assert hide_payloads(record)
    assert record.getMessage() == line


def test_tokens_are_removed_from_tracebacks_too() -> None:
    try:
        int(f"https://discord.com/api/v10/webhooks/123/{TOKEN}")
    except ValueError:
        text = format_line("job 7: the command failed", error=True)

    assert "Traceback" in text
    assert "ValueError" in text
    assert TOKEN not in text


@pytest.mark.parametrize("shows_prompts", [False, True])
def test_prompts_are_logged_only_if_they_are_wanted(
    shows_prompts: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loggers = [logging.getLogger(name) for name in ("discord.http", "discord.gateway", PROMPT_LOGGER)]
    root = logging.getLogger()
    for logger in loggers:
        monkeypatch.setattr(logger, "filters", [])
        monkeypatch.setattr(logger, "disabled", False)
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    for module in (sys, threading):
        monkeypatch.setattr(module, "excepthook", module.excepthook)
    monkeypatch.setattr(logging, "captureWarnings", lambda **_: None)

    configure_logging("DEBUG", shows_prompts=shows_prompts)
    for logger in loggers:
        logger.info("accepted with %s", "a castle")
        logger.debug("received %s", {"content": "a castle"})

    root.setLevel(level)

    shown = capfd.readouterr().err
    assert shown.count("a castle") == (6 if shows_prompts else 2)
    assert ("prompts  " in shown) == shows_prompts

"""An outage of PostgreSQL is told once a minute, however many ask for the database, and without a traceback."""

import asyncio
import contextlib
import io
import logging
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from bot.logging import configure_logging
from bot.periodic import run_every
from bot.storage.engine import parse_database_url
from bot.storage.jobs import SqlJobStore
from bot.storage.migrate import migrate_database
from bot.storage.preferences import SqlPreferencesStore
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from tests.support.postgresql import SKIP_REASON, PostgreSQLServer, find_binaries, open_postgresql

TIMES = 20


@pytest.fixture
def server() -> Iterator[PostgreSQLServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(SKIP_REASON)
    with open_postgresql(binaries) as server:
        yield server


@pytest.fixture
def log_of_the_bot() -> Iterator[io.StringIO]:
    """Log as the bot does, into a text."""
    root, text = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    with contextlib.redirect_stderr(text):
        configure_logging("INFO")
    yield text
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    logging.captureWarnings(capture=False)


async def test_an_outage_is_one_line_and_its_end_another(
    server: PostgreSQLServer, catalogue: Catalogue, log_of_the_bot: io.StringIO
) -> None:
    migrate_database(parse_database_url(server.url))
    database = Database(server.url)
    jobs, preferences = SqlJobStore(database, catalogue=catalogue), SqlPreferencesStore(database)

    async def use_it() -> None:
        with pytest.raises(RejectedError):
            await preferences.load_preferences(1)
        assert await jobs.load_closed_record("1") is None

    assert await jobs.load_closed_record("1") is None
    log_of_the_bot.truncate(log_of_the_bot.seek(0))
    server.stop(signal.SIGQUIT)
    for _ in range(TIMES):
        await use_it()
    await run_rounds(TIMES, database)
    lines = log_of_the_bot.getvalue().splitlines()

    server.start()
    assert await jobs.load_closed_record("1") is None
    await database.close()
    end = log_of_the_bot.getvalue().splitlines()[len(lines) :]

    assert [line for line in lines if "  File " in line or "Traceback" in line] == []
    assert len([line for line in lines if "the database does not answer: " in line]) <= 2, "lost, then refused"
    assert len([line for line in lines if "trying the database failed" in line]) == 1
    of_jobs = [line for line in lines if "job 1: its record could not be read (" in line]
    assert len(of_jobs) == TIMES
    assert len(lines) <= TIMES + 3
    assert len([line for line in end if "the database answers again" in line]) == 1


async def run_rounds(count: int, database: Database) -> None:
    """Run so many rounds of a background task, each of which needs the database."""
    started = 0

    async def run_round() -> None:
        nonlocal started
        started += 1
        if started > count:
            raise asyncio.CancelledError
        await database.probe_write()

    await asyncio.wait([asyncio.create_task(run_every(0.001, run_round, "trying the database"))])

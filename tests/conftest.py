"""Real servers that tests share."""

import logging
import warnings
from collections.abc import Iterator

import hypothesis
import pytest
import redis
from playwright.sync_api import Browser, sync_playwright

from demo.redis import RedisServer, run_redis
from shared.catalogue import Catalogue, load_catalogue
from tests.support.browser import ARGUMENTS, CHROMIUM, WHY_SKIPPED
from tests.support.catalogues import SDXL_IN_IMAGINE
from tests.support.file_order import get_rank
from tests.support.fork_server import fork_processes
from tests.support.redis_queue import confirm_epoch
from tests.support.unsynced_sqlite import leave_sqlite_unsynced

with warnings.catch_warnings():
    # discord.py imports audioop, of whose removal in Python 3.13 Python 3.11 warns
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord  # noqa: F401 - imported once, before warnings become errors

leave_sqlite_unsynced()
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last: playwright's loop, once started, leaves no room for another in this thread.

    The files that take longest come first.
    Raises `UsageError` for a file that has other tests too: a process is given whole files, which would run early.
    """
    browser_files = {item.path for item in items if item.get_closest_marker("browser")}
    mixed = browser_files & {item.path for item in items if not item.get_closest_marker("browser")}
    if mixed:
        raise pytest.UsageError(f"tests of the browser need files of their own: {', '.join(map(str, mixed))}")
    items.sort(key=lambda item: (item.path in browser_files, get_rank(item.path)))


@pytest.fixture(scope="session", autouse=True)
def forked_processes() -> Iterator[None]:
    with fork_processes():
        yield


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Undo what a command that ran in this process has set for all loggers."""
    yield
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    for handler in [handler for handler in root.handlers if type(handler) is logging.StreamHandler]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Address of a real Redis that is empty, with an epoch that a bot has confirmed."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        confirm_epoch(client)
    return redis_server.url


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(SDXL_IN_IMAGINE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the one Chromium of all tests: playwright runs once a process."""
    if CHROMIUM is None:
        pytest.skip(WHY_SKIPPED)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()

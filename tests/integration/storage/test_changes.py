"""The bot's loops ask the database when it has changed or something is due, and leave it alone otherwise."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, update

from bot.batches.approval_messages import ApprovalMessages
from bot.batches.drawer import BatchDrawer
from bot.batches.runner import BatchRunner
from bot.delivery.notices import NoticeSender
from bot.domain.messages import MessageRef
from bot.domain.notices import NoticeKind
from bot.domain.provenance import FileKind
from bot.domain.round_steps import Step
from bot.explorations.message_updater import ExplorationMessages
from bot.features.gallery.poster import GalleryPoster
from bot.periodic import run_every
from bot.rounds.leader import RoundLeader
from bot.rounds.message_sender import RoundMessageSender
from bot.storage.batches import SqlBatchStore
from bot.storage.explorations import SqlExplorationStore
from bot.storage.gallery import SqlGalleryStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.notices import SqlNoticeStore, add_notice
from bot.storage.result_hashes import SqlResultHashStore
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import notices
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from tests.support.builders import SOURCE, make_finished_status, make_job
from tests.support.discord_guild import wait_until
from tests.support.rounds import make_contest

SELECT_NOTICES = select(notices)
CHANGE_NOTHING = update(notices).where(notices.c.id == -1).values(closed_at=1.0)
INTERVAL = 0.1
LOOP_MODULES = (
    "bot.batches.approval_messages",
    "bot.batches.drawer",
    "bot.batches.runner",
    "bot.delivery.notices",
    "bot.features.gallery.poster",
    "bot.rounds.leader",
    "bot.rounds.message_sender",
)


def write(connection: Connection, key: str = "a notice") -> bool:
    return add_notice(connection, key, 1, 2, NoticeKind.REPORT, {}, 3.0, closed_at=3.0)


class IdleClient:
    """A client that is connected while nobody does anything."""

    async def wait_until_ready(self) -> None:
        pass


class IdleQueue:
    """A queue without jobs."""

    async def load_statuses(self, job_ids: Any) -> list[Any]:
        return []


class Statements:
    """Records the queries that a database is asked, those for changes of other processes aside."""

    def __init__(self, database: Database) -> None:
        self.selects: list[str] = []
        thread = database._sqlite_thread
        for engine in (database._engine.sync_engine, *([thread._engine] if thread else [])):
            event.listen(engine, "before_cursor_execute", self._record)

    def _record(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and "snapshot" not in statement:
            self.selects.append(statement)


@pytest.fixture
async def other(migrated_database_url: str, database: Database) -> AsyncIterator[Database]:
    """The same database as another process has it."""
    other = Database(migrated_database_url)
    yield other
    await other.close()


def build_loops(database: Database, catalogue: Catalogue) -> list[Callable[..., Any]]:
    """Build all loops that follow changes, as the bot does; nothing that only their work needs."""
    client: Any = IdleClient()
    explorations = SqlExplorationStore(database)
    stores, batches = RoundStores(database), SqlBatchStore(database, catalogue=catalogue)
    unused: Any = None
    queue: Any = IdleQueue()
    return [
        RoundLeader(stores.contests, unused).run,
        RoundMessageSender(client, stores, unused).run,
        BatchRunner(batches, unused, unused, unused, unused, unused, catalogue).run,
        BatchDrawer(client, batches, unused).run,
        ApprovalMessages(client, batches, unused, unused, catalogue).run,
        NoticeSender(client, SqlNoticeStore(database), {}, unused).run,
        GalleryPoster(client, SqlGalleryStore(database), unused, unused, unused, unused, unused, catalogue).run,
        ExplorationMessages(client, queue, explorations, unused, catalogue, unused, interval=INTERVAL).run,
    ]


async def test_a_transaction_whose_caller_gives_up_before_its_turn_is_not_begun(database: Database) -> None:
    if database.url.get_backend_name() != "sqlite":
        pytest.skip("transactions of PostgreSQL do not wait for each other")
    is_free = threading.Event()
    slow = asyncio.ensure_future(database.run_transaction(lambda _: is_free.wait(5)))
    given_up = asyncio.ensure_future(database.run_transaction(write))
    await asyncio.sleep(0.05)

    given_up.cancel()
    with suppress(asyncio.CancelledError):
        await given_up
    is_free.set()
    await slow

    assert not await database.run_transaction(lambda connection: connection.execute(SELECT_NOTICES).all())


async def test_a_request_wakes_nobody_who_waits_for_something_else(database: Database, job_store: SqlJobStore) -> None:
    job = make_job(1)

    await job_store.add_jobs([job], SOURCE)
    await job_store.mark_queued(job.id, "0" * 64)
    await job_store.mark_delivered(make_finished_status(job), MessageRef(7, 1))
    await SqlResultHashStore(database).save_copy(job.id, b"small", FileKind.PREVIEW)

    assert await SqlJobHistory(database).has_result(job.requester.id)
    assert database.changes.count == 0


async def test_committed_changes_are_announced_and_nothing_else_is(database: Database) -> None:
    changes = database.changes

    await database.run_transaction(lambda connection: connection.execute(SELECT_NOTICES).all())
    await database.run_transaction(lambda connection: connection.execute(CHANGE_NOTHING))
    await database.probe_write()
    with suppress(ZeroDivisionError):
        await database.run_transaction(lambda connection: write(connection) and 1 / 0)
    with suppress(ZeroDivisionError):
        async with begin_transaction(database) as connection:
            await connection.run_sync(write)
            raise ZeroDivisionError
    async with begin_transaction(database) as connection:
        await connection.execute(SELECT_NOTICES)
    assert changes.count == 0

    await database.run_transaction(write)
    await wait_until(lambda: changes.count == 1)
    async with begin_transaction(database) as connection:
        await connection.execute(update(notices).values(closed_at=4.0))
        assert changes.count == 1, "nobody is woken before the commit"
    assert changes.count == 2


async def test_a_transaction_that_outlives_its_caller_is_announced(database: Database) -> None:
    if database.url.get_backend_name() != "sqlite":
        pytest.skip("a cancelled transaction of PostgreSQL is rolled back")

    has_begun, has_no_caller = threading.Event(), threading.Event()

    def write_slowly(connection: Connection) -> None:
        has_begun.set()
        write(connection)
        has_no_caller.wait(5)

    task = asyncio.create_task(database.run_transaction(write_slowly))
    await wait_until(has_begun.is_set)
    task.cancel()
    await asyncio.wait([task])
    has_no_caller.set()

    await wait_until(lambda: database.changes.count == 1)


async def test_a_connection_that_breaks_in_a_transaction_is_an_error_of_the_database(database: Database) -> None:
    if database.url.get_backend_name() == "sqlite":
        pytest.skip("SQLite has no connection that could break")

    async def break_off() -> None:
        async with begin_transaction(database) as connection:
            await connection.run_sync(write)
            await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(RejectedError, match="database"):
        await break_off()
    assert database.changes.count == 0

    await database.run_transaction(write)
    assert database.changes.count == 1


async def test_the_changes_of_another_process_are_found(database: Database, other: Database) -> None:
    await database.find_changes()
    await database.find_changes()
    seen = database.changes.count
    await database.find_changes()
    assert database.changes.count == seen, "nothing was written"

    async with begin_transaction(other) as connection:
        await connection.run_sync(write)
        await database.find_changes()
        seen = database.changes.count
    await database.find_changes()

    assert database.changes.count == seen + 1, "found once it is committed, even if it began before the last look"


async def test_an_idle_bot_asks_once_and_every_write_wakes_all_loops(
    database: Database, other: Database, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in LOOP_MODULES:
        monkeypatch.setattr(f"{module}.INTERVAL_SECONDS", INTERVAL)
    loops = build_loops(database, catalogue)
    asked_in_round = len(loops) + 3  # contests, batches and galleries also ask when the next one is due
    await database.find_changes()
    statements = Statements(database)
    look = partial(run_every, INTERVAL, database.find_changes, "looking for changes")
    tasks = [asyncio.create_task(loop(database.changes)) for loop in loops] + [asyncio.create_task(look())]
    try:
        await wait_until(lambda: len(statements.selects) >= asked_in_round)
        await asyncio.sleep(8 * INTERVAL)
        assert len(statements.selects) == asked_in_round, statements.selects

        for number, writer in enumerate((database, other)):
            before = len(statements.selects)
            await writer.run_transaction(partial(write, key=f"notice {number}"))
            await wait_until(lambda: len(statements.selects) >= before + asked_in_round)  # noqa: B023 - it is run here
            await asyncio.sleep(6 * INTERVAL)
            assert len(statements.selects) <= before + 3 * asked_in_round, "then they rest again"
    finally:
        for task in tasks:
            task.cancel()


async def test_a_contest_ends_in_time_while_nothing_else_happens(database: Database) -> None:
    stores = RoundStores(database)
    now = time.time()
    contest = replace(make_contest(), created_at=now, deadline=now + 1, due_at=now + 1)
    assert await stores.contests.add_contest(Step(contest))
    advanced_at = asyncio.get_running_loop().create_future()
    advance = stores.contests.advance

    async def note(contest_id: str) -> Any:
        result = await advance(contest_id)
        if not advanced_at.done():
            advanced_at.set_result(time.time())
        return result

    stores.contests.advance = note  # type: ignore[method-assign]
    task = asyncio.create_task(RoundLeader(stores.contests, object()).run(database.changes))  # type: ignore[arg-type]
    try:
        late = await asyncio.wait_for(advanced_at, 30) - (now + 1)
    finally:
        task.cancel()

    assert 0 <= late < 5

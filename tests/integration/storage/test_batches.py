"""Batches from the draft to the last decision, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.batches import ApprovalDecision, BatchPlace, BatchState, ItemState, Review
from bot.domain.budgets import Budget, BudgetExceededError, BudgetPeriod, BudgetScope, BudgetUnit
from bot.storage.batches import SqlBatchStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.ledger_reports import ReportGroup, SqlLedgerReports
from bot.storage.session import Database
from bot.storage.tables import batch_images, batch_items, batches, budget_counters
from shared.catalogue import Catalogue
from shared.problems import RejectedError
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_items, set_item_states
from tests.support.builders import ADA_ID, BEN_ID, NOON, Clock, read_rows
from tests.support.ledger import read_balance

PRICE = 80_000  # of the default model, in millionths of a dollar
DAY = 86400


@pytest.fixture
def store(database: Database, catalogue: Catalogue, clock: Clock) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue, clock=clock)


@pytest.fixture
def budget_store(database: Database, clock: Clock) -> SqlBudgetStore:
    return SqlBudgetStore(database, clock=clock)


async def start_batch(store: SqlBatchStore, count: int, **changes: Any) -> None:
    assert await store.add_draft(make_batch(**changes), make_items(count))
    await store.start(BATCH_ID)


async def get_code(action: Awaitable[object]) -> str:
    with pytest.raises(RejectedError) as caught:
        await action
    return caught.value.problems[0].code


async def test_a_draft_is_stored_once_and_read_back_as_it_was(store: SqlBatchStore, database_url: str) -> None:
    batch = make_batch(idempotency_key="nightly", pings=True, place=BatchPlace(1, 2, None, 5))
    items = make_items(3, image_sha256=IMAGE_SHA256)

    assert await store.add_draft(batch, items)
    assert not await store.add_draft(batch, items)
    assert not await store.add_draft(replace(batch, id="1300000000000000778"), items)
    for _ in range(2):
        await store.add_image(BATCH_ID, IMAGE_SHA256, "castle.png", IMAGE)

    stored = replace(batch, due_at=NOON + DAY)
    assert await store.find_batch(BATCH_ID) == stored
    assert await store.find_batch_by_key("nightly") == stored
    assert await store.find_batch_in_thread(5) == stored
    priced = [replace(item, price=PRICE) for item in items]
    assert await store.list_items(BATCH_ID) == priced
    assert await store.list_items(BATCH_ID, first=2, limit=1, states={ItemState.PENDING}) == priced[1:2]
    assert await store.find_item_of_job(f"{BATCH_ID}-002") == (BATCH_ID, priced[1])
    assert await store.load_image(BATCH_ID, IMAGE_SHA256) == IMAGE
    assert await store.list_batches(1, 10) == []
    assert read_balance(database_url) == (0, 0)

    await store.delete_draft(BATCH_ID)
    assert [read_rows(database_url, table) for table in (batches, batch_items, batch_images)] == [[], [], []]


async def test_a_start_reserves_every_item_at_once_and_happens_once(store: SqlBatchStore, database_url: str) -> None:
    assert await store.add_draft(make_batch(), make_items(20))

    results = await asyncio.gather(*(store.start(BATCH_ID) for _ in range(3)), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["Batch", "RejectedError", "RejectedError"]
    batch = await store.find_batch(BATCH_ID)
    assert batch is not None
    assert (batch.state, batch.started_at, batch.due_at, batch.version) == (BatchState.RUNNING, NOON, NOON, 1)
    assert read_balance(database_url) == (20 * PRICE, 0)
    assert [batch.id for batch in await store.list_due_batches(10)] == [BATCH_ID]
    assert [item.number for item in await store.take_pending_items(BATCH_ID, 16)] == list(range(1, 17))
    assert [board.batch.id for board in await store.list_undrawn_boards(10)] == [BATCH_ID]
    sheets = await store.list_sheets(BATCH_ID)
    assert [(sheet.number, sheet.version, sheet.drawn_version) for sheet in sheets] == [(n, 0, 0) for n in (1, 2, 3)]


async def test_a_budget_says_how_many_items_fit_and_those_can_be_started(
    store: SqlBatchStore, budget_store: SqlBudgetStore, database_url: str
) -> None:
    await budget_store.set_budget(
        Budget("", BudgetScope.GUILD, 1, 1, BudgetPeriod.DAY, BudgetUnit.USD, 3 * PRICE), ADA_ID
    )
    assert await store.add_draft(make_batch(), make_items(5))

    with pytest.raises(BudgetExceededError) as caught:
        await store.start(BATCH_ID)

    assert caught.value.problems[0].facts["fitting"] == 3
    assert read_balance(database_url) == (0, 0)
    await store.start(BATCH_ID, limit=3)
    assert read_balance(database_url) == (3 * PRICE, 0)
    counts = await store.count_items(BATCH_ID)
    assert counts.by_state == {ItemState.PENDING: 3, ItemState.CANCELLED: 2}
    assert counts.reserved == 3 * PRICE


async def test_a_counter_that_is_missing_counts_reserved_items_and_gets_their_prices_back(
    store: SqlBatchStore, budget_store: SqlBudgetStore, database_url: str
) -> None:
    await start_batch(store, 4)
    budget = Budget("", BudgetScope.MEMBER, 1, ADA_ID, BudgetPeriod.DAY, BudgetUnit.PICTURES, 10)
    await budget_store.set_budget(budget, ADA_ID)
    other = make_batch("1300000000000000778")
    assert await store.add_draft(other, make_items(1, other.id))
    await store.start(other.id)

    assert [row["used"] for row in read_rows(database_url, budget_counters)] == [5]
    await store.cancel_rest(BATCH_ID)

    assert [row["used"] for row in read_rows(database_url, budget_counters)] == [1]
    assert read_balance(database_url) == (PRICE, 0)


async def test_reports_count_reserved_items_that_have_no_job_yet(store: SqlBatchStore, database: Database) -> None:
    await start_batch(store, 4)
    reports = SqlLedgerReports(database)

    (line,) = await reports.sum_spending(ReportGroup.MEMBER, NOON - 1, NOON + 1, 1)

    assert (line.key, line.spent, line.reserved) == (str(ADA_ID), 0, 4 * PRICE)


async def test_an_approval_starts_the_batch_and_nothing_is_paid_before(store: SqlBatchStore, database_url: str) -> None:
    assert await store.add_draft(make_batch(), make_items(2))
    await store.request_approval(BATCH_ID)
    assert await get_code(store.start(BATCH_ID)) == "batch_started"
    await store.decide_approval(BATCH_ID, BEN_ID, ApprovalDecision.CHANGES, "brighter, please")
    assert await get_code(store.decide_approval(BATCH_ID, BEN_ID, ApprovalDecision.APPROVE)) == "batch_not_waiting"
    await store.request_approval(BATCH_ID)
    assert read_balance(database_url) == (0, 0)

    batch = await store.decide_approval(BATCH_ID, BEN_ID, ApprovalDecision.APPROVE, "go")

    assert (batch.state, batch.approver_id, batch.approval_note) == (BatchState.RUNNING, BEN_ID, "go")
    assert read_balance(database_url) == (2 * PRICE, 0)


@pytest.mark.parametrize(
    ("prepare", "seconds", "state"),
    [
        (lambda store: store.find_batch(BATCH_ID), DAY, None),
        (lambda store: store.request_approval(BATCH_ID), 7 * DAY, BatchState.EXPIRED),
        (lambda store: store.start(BATCH_ID), 7 * DAY, BatchState.CANCELLED),
    ],
)
async def test_a_batch_that_waits_too_long_ends_and_gives_back_what_it_reserved(
    store: SqlBatchStore,
    clock: Clock,
    database_url: str,
    prepare: Callable[[SqlBatchStore], Awaitable[object]],
    seconds: float,
    state: BatchState | None,
) -> None:
    assert await store.add_draft(make_batch(), make_items(2))
    await prepare(store)
    if state is BatchState.CANCELLED:
        await store.pause(BATCH_ID)
    assert await store.list_due_batches(10) == []
    assert await store.end_waiting(BATCH_ID) is None

    clock.now += seconds
    (due,) = await store.list_due_batches(10)
    await store.end_waiting(due.id)

    batch = await store.find_batch(BATCH_ID)
    assert (batch and batch.state) == state
    assert await store.list_due_batches(10) == []
    assert read_balance(database_url) == (0, 0)


async def test_a_pause_keeps_the_reservations_and_cancelling_the_rest_releases_them(
    store: SqlBatchStore, database_url: str
) -> None:
    await start_batch(store, 3)
    assert await get_code(store.resume(BATCH_ID)) == "batch_not_paused"
    assert (await store.pause(BATCH_ID)).state is BatchState.PAUSED
    assert read_balance(database_url) == (3 * PRICE, 0)
    assert (await store.resume(BATCH_ID)).state is BatchState.RUNNING
    set_item_states(database_url, {1: ItemState.QUEUED})

    batch = await store.cancel_rest(BATCH_ID)

    assert (batch.state, batch.due_at) == (BatchState.CANCELLING, NOON)
    assert (await store.count_items(BATCH_ID)).by_state == {ItemState.QUEUED: 1, ItemState.CANCELLED: 2}
    assert read_balance(database_url) == (PRICE, 0)
    assert await get_code(store.pause(BATCH_ID)) == "batch_not_running"
    assert await get_code(store.retry_failed(BATCH_ID)) == "batch_not_running"
    assert await get_code(store.cancel_rest("1")) == "batch_unknown"


async def test_a_batch_is_done_when_each_picture_is_decided_and_runs_again_for_a_redo(
    store: SqlBatchStore, database_url: str
) -> None:
    await start_batch(store, 4)
    assert await get_code(store.review_items(BATCH_ID, [1], Review.ACCEPTED, BEN_ID)) == "batch_item_open"
    generated, failed, filtered = ItemState.GENERATED, ItemState.FAILED, ItemState.FILTERED
    set_item_states(database_url, {1: generated, 2: generated, 3: failed, 4: filtered})
    review = store.review_items
    assert await get_code(review(BATCH_ID, [1, 9], Review.ACCEPTED, BEN_ID)) == "batch_item_unknown"
    assert await get_code(review(BATCH_ID, [1, 3], Review.ACCEPTED, BEN_ID)) == "batch_item_without_picture"

    assert (await review(BATCH_ID, [1], Review.ACCEPTED, BEN_ID)).state is BatchState.REVIEW
    done = await review(BATCH_ID, [2], Review.REJECTED, BEN_ID, "too dark")

    assert (done.state, done.ended_at, done.due_at) == (BatchState.DONE, NOON, None)
    assert [sheet.version for sheet in await store.list_sheets(BATCH_ID)] == [2]
    (item,) = await store.list_items(BATCH_ID, review=Review.REJECTED)
    assert (item.reviewer_id, item.review_note) == (BEN_ID, "too dark")
    brighter = item.request.model_copy(update={"keep": 40.0})
    batch = await store.redo_item(BATCH_ID, 2, brighter, BEN_ID)
    assert (batch.state, batch.ended_at) == (BatchState.RUNNING, None)
    assert await get_code(store.redo_item(BATCH_ID, 2, brighter, BEN_ID)) == "batch_item_open"
    again = await store.find_item(BATCH_ID, 2)
    assert again is not None
    assert (again.state, again.attempt, again.review) == (ItemState.PENDING, 2, Review.UNDECIDED)
    assert again.request == brighter
    assert again.job_id != item.job_id
    await store.retry_failed(BATCH_ID)
    assert await get_code(store.retry_failed(BATCH_ID)) == "batch_nothing_failed"
    assert read_balance(database_url) == (6 * PRICE, 0)
    counts = await store.count_items(BATCH_ID)
    assert counts.by_state == {generated: 1, filtered: 1, ItemState.PENDING: 2}
    assert counts.by_review == {Review.ACCEPTED: 1}


async def test_drawings_are_marked_for_the_version_that_they_show(store: SqlBatchStore) -> None:
    await start_batch(store, 1)
    (board,) = await store.list_undrawn_boards(10)
    assert await store.record_board(board, 7, None)
    assert not await store.record_board(board, 9, None)  # another bot has posted one meanwhile
    assert await store.record_thread(BATCH_ID, 8)
    assert not await store.record_thread(BATCH_ID, 9)
    await store.pause(BATCH_ID)

    await store.mark_board_drawn(board)

    (board,) = await store.list_undrawn_boards(10)
    assert not board.is_drawn
    assert board.batch.place == BatchPlace(1, 2, 7, 8)
    await store.mark_board_drawn(board)
    assert await store.list_undrawn_boards(10) == []
    assert await store.reopen_board(board)
    assert not await store.reopen_board(board)
    (board,) = await store.list_undrawn_boards(10)
    assert (board.attempt, board.batch.place.board_message_id) == (1, None)
    await store.mark_board_drawn(board)
    (sheet,) = await store.list_sheets(BATCH_ID)
    assert await store.reopen_sheet(sheet)
    assert not await store.record_sheet(sheet, 11)
    assert [board.batch.id for board in await store.list_undrawn_boards(10)] == [BATCH_ID]
    (sheet,) = await store.list_sheets(BATCH_ID)
    assert await store.record_sheet(sheet, 12)
    assert [sheet.message_id for sheet in await store.list_sheets(BATCH_ID)] == [12]
    assert await store.list_undrawn_boards(10) == []
    await store.move_sheets(BATCH_ID, 2)
    (board,) = await store.list_undrawn_boards(10)
    assert board.batch.place.thread_id == 2
    assert [sheet.message_id for sheet in await store.list_sheets(BATCH_ID)] == [None]
    batch = board.batch
    assert not await store.postpone(replace(batch, version=0), None)

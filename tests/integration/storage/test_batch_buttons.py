"""The buttons of a board and the selects of its sheets do what they say, at the price that they told."""

from collections.abc import Awaitable, Callable

import discord
import pytest

from bot.batches.custom_ids import (
    AcceptItemsId,
    AcceptSheetId,
    ConfirmCancelRestId,
    ConfirmRetryId,
    PauseBatchId,
    RedoFormId,
    RejectItemsId,
    ResumeBatchId,
    RetryFailedId,
    ShowUndecidedId,
)
from bot.domain.batches import BatchState, ItemState, Review
from bot.domain.budgets import to_micro_usd
from bot.interactions.custom_ids import CustomId
from bot.storage.batches import SqlBatchStore
from bot.storage.session import Database
from bot.storage.tables import audit_entries
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.problems import make_problem
from tests.support.batch_buttons import press
from tests.support.batches import BATCH_ID, make_batch, make_items, set_item_states
from tests.support.builders import ADA_ID, read_rows
from tests.support.database import execute_sql

EN = load_messages("en")
Press = Callable[..., Awaitable[str]]


@pytest.fixture
def store(database: Database, catalogue: Catalogue) -> SqlBatchStore:
    return SqlBatchStore(database, catalogue=catalogue)


@pytest.fixture
def use(database: Database, catalogue: Catalogue) -> Press:
    async def use_as_requester(custom_id: CustomId, *values: str) -> str:
        return await press(database, catalogue, custom_id, *values, user_id=ADA_ID)

    return use_as_requester


async def start(store: SqlBatchStore, url: str, **states: ItemState) -> None:
    """Start Ada's batch of twelve items, some of which are in these states."""
    assert await store.add_draft(make_batch(), make_items(12))
    await store.start(BATCH_ID)
    set_item_states(url, {int(name.removeprefix("n")): state for name, state in states.items()})


async def find_state(store: SqlBatchStore) -> BatchState:
    batch = await store.find_batch(BATCH_ID)
    assert batch is not None
    return batch.state


async def test_a_batch_is_paused_resumed_and_its_rest_cancelled(
    store: SqlBatchStore, use: Press, database_url: str
) -> None:
    await start(store, database_url, n1=ItemState.GENERATED)

    assert await use(PauseBatchId(BATCH_ID)) == EN.text("batch_board.paused")
    assert await find_state(store) is BatchState.PAUSED
    assert await use(PauseBatchId(BATCH_ID)) == EN.format_problem(make_problem("batch_not_running"))
    assert await use(ResumeBatchId(BATCH_ID)) == EN.text("batch_board.resumed")
    assert await find_state(store) is BatchState.RUNNING
    assert await use(ConfirmCancelRestId(BATCH_ID)) == EN.text("batch_board.rest_cancelled")
    assert await find_state(store) is BatchState.REVIEW
    assert (await store.count_items(BATCH_ID)).reserved == 0


async def test_that_a_moderator_cancels_somebody_elses_batch_is_in_the_audit_log(
    store: SqlBatchStore, use: Press, database: Database, database_url: str, catalogue: Catalogue
) -> None:
    await start(store, database_url, n1=ItemState.GENERATED)
    moderator = discord.Permissions(moderate_members=True)

    cancelled = await press(database, catalogue, ConfirmCancelRestId(BATCH_ID), user_id=900, permissions=moderator)
    await store.redo_item(BATCH_ID, 1, make_items(1)[0].request, ADA_ID)
    await use(ConfirmCancelRestId(BATCH_ID))

    assert cancelled == EN.text("batch_board.rest_cancelled")
    entries = read_rows(database_url, audit_entries)
    assert [(row["action"], row["actor_id"], row["reason"]) for row in entries] == [
        ("cancel_batch", 900, "spring catalogue")
    ]


async def test_another_try_is_made_at_no_more_than_the_price_that_was_told(
    store: SqlBatchStore, use: Press, database_url: str, catalogue: Catalogue
) -> None:
    await start(store, database_url, n1=ItemState.FAILED, n2=ItemState.FAILED, n3=ItemState.FILTERED)
    price = 2 * to_micro_usd(catalogue.models[make_items(1)[0].request.model].price_usd)

    asked = await use(RetryFailedId(BATCH_ID))
    dearer = await use(ConfirmRetryId(BATCH_ID, price - 1))
    unchanged = await store.count_items(BATCH_ID)
    retried = await use(ConfirmRetryId(BATCH_ID, price))

    expected = EN.text("batch_board.retry_question", count=2, price=EN.format_price(price / 1e6))
    assert expected in asked
    assert dearer == EN.format_problem(make_problem("batch_price_changed"))
    assert unchanged.by_state[ItemState.FAILED] == 2
    assert retried == EN.text("batch_board.retried", count=2)
    assert (await store.count_items(BATCH_ID)).by_state == {ItemState.PENDING: 11, ItemState.FILTERED: 1}


async def test_nine_are_decided_on_at_once_and_only_those_of_the_sheet(
    store: SqlBatchStore, use: Press, database_url: str
) -> None:
    await start(store, database_url, **{f"n{number}": ItemState.GENERATED for number in (1, 2, 3, 9, 10)})

    from_another_sheet = await use(AcceptItemsId(BATCH_ID, 1), "10")
    rejected = await use(RejectItemsId(BATCH_ID, 1), "2", "3")
    accepted = await use(AcceptSheetId(BATCH_ID, 1))
    nothing_left = await use(AcceptSheetId(BATCH_ID, 1))

    assert from_another_sheet == EN.format_problem(make_problem("batch_item_unknown"))
    assert rejected == EN.text("batch_sheet.rejected", count=2)
    assert accepted == EN.text("batch_sheet.accepted", count=2)
    assert nothing_left == EN.format_problem(make_problem("batch_nothing_undecided"))
    reviews = {item.number: item.review for item in await store.list_items(BATCH_ID)}
    assert [reviews[number] for number in (1, 2, 3, 9, 10)] == [
        Review.ACCEPTED,
        Review.REJECTED,
        Review.REJECTED,
        Review.ACCEPTED,
        Review.UNDECIDED,
    ]


async def test_a_picture_that_was_made_again_meanwhile_is_not_decided_on_or_redone(
    store: SqlBatchStore, use: Press, database_url: str
) -> None:
    await start(store, database_url, n1=ItemState.GENERATED)
    execute_sql(database_url, "UPDATE batch_items SET attempt = 2 WHERE number = 1")

    shown = await use(RedoFormId(BATCH_ID, 1, 1))

    assert shown == EN.format_problem(make_problem("batch_item_changed"))
    assert (await store.count_items(BATCH_ID)).by_state[ItemState.GENERATED] == 1


async def test_nothing_is_shown_for_review_when_everything_is_decided(
    store: SqlBatchStore, use: Press, database_url: str
) -> None:
    await start(store, database_url, n1=ItemState.GENERATED)
    await store.review_items(BATCH_ID, [1], Review.ACCEPTED, ADA_ID)

    assert await use(ShowUndecidedId(BATCH_ID)) == EN.format_problem(make_problem("batch_nothing_undecided"))

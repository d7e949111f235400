"""Forged buttons of batches: whoever may not change or decide changes nothing, and reads nothing of another channel."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.batches.custom_ids import (
    AcceptItemId,
    AcceptItemsId,
    AcceptSheetId,
    CancelRestId,
    ConfirmCancelRestId,
    ConfirmRetryId,
    ExportBatchId,
    ExportPlace,
    ExportScope,
    OpenExportId,
    OpenItemId,
    PauseBatchId,
    RedoFormId,
    RedoItemId,
    RejectFormId,
    RejectItemId,
    RejectItemsId,
    ResumeBatchId,
    RetryFailedId,
    RunAgainId,
    ShowItemId,
    ShowUndecidedId,
)
from bot.domain.batches import ItemState
from bot.interactions.custom_ids import CustomId
from bot.storage.batches import SqlBatchStore
from bot.storage.session import Database
from bot.storage.tables import batch_items, batches
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.problems import make_problem
from tests.support.batch_buttons import press
from tests.support.batches import BATCH_ID, make_batch, make_items, set_item_states
from tests.support.builders import read_rows

EN = load_messages("en")
STRANGER, ELSEWHERE = 900, 77
CHANGES: list[CustomId] = [
    PauseBatchId(BATCH_ID),
    ResumeBatchId(BATCH_ID),
    CancelRestId(BATCH_ID),
    ConfirmCancelRestId(BATCH_ID),
    RetryFailedId(BATCH_ID),
    ConfirmRetryId(BATCH_ID, 10**9),
    OpenExportId(BATCH_ID),
    ExportBatchId(BATCH_ID, ExportScope.ALL, ExportPlace.PRIVATE),
    RunAgainId(BATCH_ID),
]
DECISIONS: list[CustomId] = [
    AcceptItemId(BATCH_ID, 1, 1),
    RejectItemId(BATCH_ID, 1, 1),
    RejectFormId(BATCH_ID, 1, 1),
    RedoItemId(BATCH_ID, 1, 1),
    RedoFormId(BATCH_ID, 1, 1),
    AcceptItemsId(BATCH_ID, 1),
    RejectItemsId(BATCH_ID, 1),
    AcceptSheetId(BATCH_ID, 1),
]
READING: list[CustomId] = [OpenItemId(BATCH_ID, 1), ShowItemId(BATCH_ID, 1), ShowUndecidedId(BATCH_ID)]


@pytest.fixture
async def database(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[Database]:
    """A database with Ada's batch, of which one item is made, one has failed, and one waits."""
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    store = SqlBatchStore(database, catalogue=catalogue)
    assert await store.add_draft(make_batch(), make_items(3))
    await store.start(BATCH_ID)
    url = str(database.url)
    set_item_states(url, {1: ItemState.GENERATED, 2: ItemState.FAILED})
    yield database
    await database.close()


def read_batch(database: Database) -> object:
    url = str(database.url)
    return read_rows(url, batches), read_rows(url, batch_items)


async def test_who_may_not_changes_nothing(database: Database, catalogue: Catalogue) -> None:
    before = read_batch(database)

    shown = {
        custom_id: await press(database, catalogue, custom_id, "1", user_id=STRANGER)
        for custom_id in (*CHANGES, *DECISIONS)
    }

    for custom_id, text in shown.items():
        code = "batch_not_reviewer" if custom_id in DECISIONS else "batch_not_member"
        assert text == EN.format_problem(make_problem(code)), custom_id
    assert read_batch(database) == before


@pytest.mark.parametrize("place", [{"channel_id": ELSEWHERE}, {"guild_id": 2}], ids=str)
async def test_a_batch_of_a_channel_that_one_cannot_read_does_not_exist(
    database: Database, catalogue: Catalogue, place: dict[str, int]
) -> None:
    before = read_batch(database)

    for custom_id in (*CHANGES, *DECISIONS, *READING):
        shown = await press(database, catalogue, custom_id, "1", user_id=STRANGER, **place)
        assert shown == EN.format_problem(make_problem("batch_unknown")), custom_id
    assert read_batch(database) == before

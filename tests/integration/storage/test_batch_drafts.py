"""Batches before they are started, on SQLite, and on PostgreSQL where a server is installed."""

import json
from dataclasses import replace

import pytest

from bot.domain.audit import OPERATOR_ID
from bot.domain.batch_previews import BatchPreview, RejectedRow
from bot.domain.batches import ApprovalDecision, BatchState, Brief
from bot.storage.batches import SqlBatchStore
from bot.storage.session import Database
from bot.storage.tables import batch_previews, notices
from shared.catalogue import Catalogue
from shared.job import Priority, Requester
from shared.notes import make_note
from shared.problems import RejectedError, make_problem
from tests.support.batches import BATCH_ID, IMAGE, IMAGE_SHA256, make_batch, make_items
from tests.support.builders import ADA_ID, BEN_ID, NOON, Clock, read_rows

DAY = 86400
PREVIEW = BatchPreview(
    1,
    (RejectedRow(3, (make_problem("prompt_empty"),)),),
    (make_note("link_used"),),
    "spring-errors.csv",
    b"prompt;error\r\n",
)


@pytest.fixture
async def store(database: Database, catalogue: Catalogue, clock: Clock) -> SqlBatchStore:
    store = SqlBatchStore(database, catalogue=catalogue, clock=clock)
    assert await store.add_draft(make_batch(), make_items(3))
    return store


async def test_a_draft_is_changed_and_sent_again_until_it_is_started(store: SqlBatchStore) -> None:
    await store.add_image(BATCH_ID, IMAGE_SHA256, "castle.png", IMAGE)
    await store.change_draft(BATCH_ID, lambda batch: replace(batch, brief=Brief("autumn"), priority=Priority.LOW))
    changed = await store.replace_items(BATCH_ID, make_items(2, image_sha256=IMAGE_SHA256))

    assert (changed.brief.title, changed.priority, changed.version) == ("autumn", Priority.LOW, 2)
    assert [item.image_sha256 for item in await store.list_items(BATCH_ID)] == [IMAGE_SHA256] * 2
    assert [image async for image in store.iterate_images(BATCH_ID)] == [(IMAGE_SHA256, "castle.png", IMAGE)]
    assert await store.list_image_names(BATCH_ID) == {IMAGE_SHA256: "castle.png"}
    for version in (0, 1, 3):
        with pytest.raises(RejectedError, match="batch_changed"):
            await store.start(BATCH_ID, version=version)

    await store.start(BATCH_ID, version=2)

    for change in (
        store.change_draft(BATCH_ID, lambda batch: batch),
        store.replace_items(BATCH_ID, make_items(1)),
        store.request_approval(BATCH_ID),
    ):
        with pytest.raises(RejectedError, match="batch_started"):
            await change
    assert len(await store.list_items(BATCH_ID)) == 2


async def test_a_preview_is_replaced_and_goes_with_its_batch(store: SqlBatchStore, database_url: str) -> None:
    assert await store.load_preview(BATCH_ID) == BatchPreview()
    await store.save_preview(BATCH_ID, BatchPreview(7))
    await store.save_preview(BATCH_ID, PREVIEW)

    assert await store.load_preview(BATCH_ID) == PREVIEW
    await store.delete_draft(BATCH_ID)
    assert read_rows(database_url, batch_previews) == []


async def test_the_message_for_approvers_is_drawn_for_each_request_and_each_decision(
    store: SqlBatchStore, clock: Clock
) -> None:
    assert await store.list_undrawn_approvals(10) == []
    waiting = await store.request_approval(BATCH_ID, version=0, seconds=2 * DAY)
    assert waiting.due_at == NOON + 2 * DAY
    assert [batch.id for batch in await store.list_undrawn_approvals(10)] == [BATCH_ID]
    assert await store.mark_approval_drawn(waiting, 99)
    assert await store.list_undrawn_approvals(10) == []

    with pytest.raises(RejectedError, match="batch_changed"):
        await store.decide_approval(BATCH_ID, BEN_ID, ApprovalDecision.APPROVE, version=waiting.version - 1)
    await store.decide_approval(BATCH_ID, BEN_ID, ApprovalDecision.CHANGES, "brighter", version=waiting.version)
    (changed,) = await store.list_undrawn_approvals(10)
    assert changed.approval_message_id == 99
    await store.replace_items(BATCH_ID, make_items(1))
    assert await store.mark_approval_drawn(changed, 99)  # the message does not show the items of a decided batch

    again = await store.request_approval(BATCH_ID)
    assert not await store.mark_approval_drawn(changed, 99)  # it is asked for again meanwhile
    assert not await store.mark_approval_drawn(replace(again, version=again.version - 1), 98)
    assert (again.approval_message_id, again.approver_id, again.approval_note) == (None, None, "")
    clock.now += 7 * DAY
    expired = await store.end_waiting(BATCH_ID)
    assert expired is not None
    assert expired.state is BatchState.EXPIRED
    assert [batch.state for batch in await store.list_undrawn_approvals(10)] == [BatchState.EXPIRED]


@pytest.mark.parametrize("decision", ApprovalDecision)
async def test_the_requester_is_told_of_a_decision_once(
    store: SqlBatchStore, database_url: str, decision: ApprovalDecision
) -> None:
    await store.request_approval(BATCH_ID)
    assert read_rows(database_url, notices) == []

    batch = await store.decide_approval(BATCH_ID, BEN_ID, decision, "go")

    (notice,) = read_rows(database_url, notices)
    told = json.loads(notice["data"])
    assert (told["user_id"], told["state"], told["approver_id"], told["note"]) == (ADA_ID, batch.state, BEN_ID, "go")


async def test_whoever_runs_the_bot_gets_no_direct_message(store: SqlBatchStore, database_url: str) -> None:
    operator = Requester(id=OPERATOR_ID, name="operator")
    assert await store.add_draft(
        make_batch("1300000000000000778", requester=operator), make_items(1, "1300000000000000778")
    )
    await store.request_approval("1300000000000000778")
    await store.decide_approval("1300000000000000778", BEN_ID, ApprovalDecision.REJECT)

    assert read_rows(database_url, notices) == []

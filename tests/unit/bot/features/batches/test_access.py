"""Whoever sends the id of a button is checked anew: previews are their requester's, decisions the approvers'."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.batches.approval_custom_ids import ApproveBatchId, ShowPromptsId
from bot.batches.drafting import BatchDrafter
from bot.batches.row_requests import RowRequestBuilder
from bot.batches.source_sheet import SourceSheets
from bot.domain.batches import Batch, BatchState
from bot.domain.teams import Team
from bot.features.batches.approvals import ApprovalHandlers
from bot.features.batches.context import MAX_DRAFTS, BatchContext
from bot.features.batches.custom_ids import DiscardBatchId, SetPriorityId, StartBatchId
from bot.features.batches.preview_handlers import PreviewHandlers
from bot.features.batches.previews import BatchPreviews
from bot.storage.audit_log import SqlAuditLog
from bot.storage.batches import SqlBatchStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.session import Database
from bot.storage.tables import audit_entries, ledger_entries
from bot.storage.teams import SqlTeamStore
from bot.submission.preset_option import PresetOption
from bot.submission.validation import RequestValidator
from shared.catalogue import load_catalogue
from shared.job import Requester, TeamRef
from shared.problems import RejectedError
from tests.support.batches import BATCH_ID, make_batch, make_items
from tests.support.builders import Clock, read_rows
from tests.support.fake_stores import EmptyPresetStore, FakeWordLists
from tests.support.round_world import use_component

ADA, BEN, CLEO = 201, 202, 203
TEAM_ID, APPROVER_ID = 501, 502
MANAGER = discord.Permissions(manage_guild=True)
TEAM = TeamRef(id=TEAM_ID, name="Makers")


class FakePaces:
    """Knows no pace."""

    async def estimate_seconds(self, counts: Any) -> float:
        return float(len(counts))


@dataclass
class World:
    """A batch of Ada's for a team, which costs more than the team may spend without an approval."""

    url: str
    store: SqlBatchStore
    teams: SqlTeamStore
    database: Database
    listed_words: tuple[str, ...] = ()

    @property
    def preview(self) -> PreviewHandlers:
        catalogue = load_catalogue()
        validator = RequestValidator(catalogue, (), 1, word_lists=FakeWordLists(*self.listed_words))
        context = BatchContext(self.store, validator, PresetOption(EmptyPresetStore()), Clock())
        budgets, sheets = SqlBudgetStore(self.database, clock=Clock()), SourceSheets(self.store)
        previews = BatchPreviews(self.store, budgets, self.teams, cast("Any", FakePaces()), sheets, catalogue)
        unused = cast("Any", None)
        drafter = BatchDrafter(self.store, RowRequestBuilder(validator), 1, 500)
        return PreviewHandlers(self.store, context, unused, drafter, previews, 86400)

    @property
    def approvals(self) -> ApprovalHandlers:
        return ApprovalHandlers(self.store, self.teams, SqlAuditLog(self.database))

    async def find(self) -> Batch:
        batch = await self.store.find_batch(BATCH_ID)
        assert batch is not None
        return batch

    async def decide(self, user_id: int, *, version: int | None = None, **place: Any) -> str:
        """Press Approve; return what is said then."""
        interaction = await use_component(user_id, **place)
        interaction.message = SimpleNamespace(id=99)
        version = (await self.find()).version if version is None else version
        await self.approvals.approve(interaction, ApproveBatchId(BATCH_ID, version))
        return str(interaction.shown[0])


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    database = Database(url)
    await database.migrate()
    store = SqlBatchStore(database, catalogue=load_catalogue(), clock=Clock())
    teams = SqlTeamStore(database)
    await teams.add_team(Team(TEAM_ID, 1, "Makers", approver_role_id=APPROVER_ID, approval_limit=10_000), BEN)
    batch = make_batch(requester=Requester(id=ADA, name="Ada"), team=TEAM)
    assert await store.add_draft(batch, make_items(2))
    yield World(url, store, teams, database)
    await database.close()


async def test_nobody_else_uses_the_buttons_of_a_preview(world: World) -> None:
    for place in ({}, {"permissions": MANAGER}, {"guild_id": 2}):
        ben = await use_component(BEN, role_ids=[TEAM_ID, APPROVER_ID], **place)
        await world.preview.start(ben, StartBatchId(BATCH_ID, 0, 0))
        await world.preview.set_priority(ben, SetPriorityId(BATCH_ID, 1))
        await world.preview.discard(ben, DiscardBatchId(BATCH_ID))
        assert all(said.startswith("I don't know that batch") for said in ben.shown)

    batch = await world.find()
    assert (batch.state, batch.version) == (BatchState.DRAFT, 0)


async def test_what_was_not_shown_is_not_started(world: World) -> None:
    ada = await use_component(ADA, role_ids=[TEAM_ID])
    await world.preview.set_priority(ada, SetPriorityId(BATCH_ID, 1))
    await world.preview.start(ada, StartBatchId(BATCH_ID, 0, 0))
    assert ada.shown[-1].startswith("This batch has changed since you saw it")

    await world.preview.start(ada, StartBatchId(BATCH_ID, 1, 1))  # a part of it costs more than the limit as well
    assert (await world.find()).state is BatchState.DRAFT
    await world.preview.start(ada, StartBatchId(BATCH_ID, 1, 0))

    assert (await world.find()).state is BatchState.AWAITING_APPROVAL
    assert read_rows(world.url, ledger_entries) == []


async def test_rules_that_changed_since_the_preview_hold(world: World) -> None:
    ada = await use_component(ADA, role_ids=[TEAM_ID])
    world.listed_words = ("castle",)

    await world.preview.start(ada, StartBatchId(BATCH_ID, 0, 0))

    assert "word list" in ada.shown[0]
    assert (await world.find()).state is BatchState.DRAFT


async def test_who_has_left_the_team_starts_no_batch_of_it(world: World) -> None:
    ada = await use_component(ADA)

    await world.preview.start(ada, StartBatchId(BATCH_ID, 0, 0))

    assert "Makers" in ada.shown[0]
    assert (await world.find()).state is BatchState.DRAFT


@pytest.mark.parametrize(
    ("user_id", "place", "said"),
    [
        (BEN, {}, "Only approvers of this team"),
        (BEN, {"role_ids": [TEAM_ID]}, "Only approvers of this team"),
        (BEN, {"permissions": MANAGER}, "Only approvers of this team"),
        (BEN, {"role_ids": [APPROVER_ID], "guild_id": 2}, "I don't know that batch"),
        (ADA, {"role_ids": [TEAM_ID, APPROVER_ID]}, "You sent this batch in yourself"),
    ],
)
async def test_who_may_not_decide_changes_nothing(world: World, user_id: int, place: dict[str, Any], said: str) -> None:
    waiting = await world.store.request_approval(BATCH_ID)

    assert (await world.decide(user_id, **place)).startswith(said)

    assert await world.find() == waiting
    assert read_rows(world.url, audit_entries)[1:] == []  # the first one is that of the team


async def test_prompts_are_shown_to_approvers_and_the_requester_alone(world: World) -> None:
    await world.store.request_approval(BATCH_ID)
    stranger = await use_component(CLEO, role_ids=[TEAM_ID])
    readers = [await use_component(ADA), await use_component(BEN, role_ids=[APPROVER_ID])]

    for interaction in (stranger, *readers):
        await world.approvals.show_prompts(interaction, ShowPromptsId(BATCH_ID))

    assert stranger.shown[0].startswith("Only approvers of this team")
    assert all("a castle" in reader.shown[0] for reader in readers)


@pytest.mark.parametrize(
    ("user_id", "place"),
    [
        (BEN, {"role_ids": [APPROVER_ID]}),
        (ADA, {"role_ids": [APPROVER_ID], "permissions": MANAGER}),  # who could raise the limit as well
    ],
)
async def test_an_approver_starts_the_batch_once_as_it_was_shown(
    world: World, user_id: int, place: dict[str, Any]
) -> None:
    waiting = await world.store.request_approval(BATCH_ID)

    outdated = await world.decide(user_id, version=waiting.version - 1, **place)
    first = await world.decide(user_id, **place)
    second = await world.decide(user_id, **place)

    assert outdated.startswith("This batch has changed")
    assert first == "Approved: it has started."
    assert second.startswith("This batch no longer waits")
    batch = await world.find()
    assert (batch.state, batch.approver_id, batch.approval_message_id) == (BatchState.RUNNING, user_id, 99)
    assert len(read_rows(world.url, ledger_entries)) == 2
    assert [row["action"] for row in read_rows(world.url, audit_entries)][1:] == ["approve_batch"]


async def test_without_a_role_of_approvers_those_who_manage_the_server_decide(world: World) -> None:
    await world.teams.remove_team(1, TEAM_ID, BEN)
    await world.store.request_approval(BATCH_ID)

    assert (await world.decide(BEN, role_ids=[APPROVER_ID])).startswith("Only approvers")
    assert await world.decide(CLEO, permissions=MANAGER) == "Approved: it has started."


async def test_a_member_has_few_drafts_at_once(world: World) -> None:
    ada = await use_component(ADA)
    for number in range(1, MAX_DRAFTS):
        batch_id = f"130000000000000080{number}"
        batch = make_batch(batch_id, requester=Requester(id=ADA, name="Ada"))
        await world.preview.context.require_room(ada)
        assert await world.store.add_draft(batch, make_items(1, batch_id))

    with pytest.raises(RejectedError, match="batch_too_many_drafts"):
        await world.preview.context.require_room(ada)
    await world.preview.context.require_room(await use_component(BEN))

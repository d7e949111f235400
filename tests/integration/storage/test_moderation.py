"""Blocks and the audit log, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest

from bot.domain.audit import AuditAction
from bot.domain.blocks import Block
from bot.domain.messages import MessageRef
from bot.domain.moderation import ModeratedJob
from bot.domain.notices import NoticeKind
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.audit_log import SqlAuditLog
from bot.storage.blocks import SqlBlockStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.moderation import SqlModerationStore
from bot.storage.notices import SqlNoticeStore
from bot.storage.session import Database
from tests.support.builders import ADA_ID, BEN_ID, NOON, Clock, make_finished_status, make_job_by

GUILD = 1


async def test_a_block_holds_in_its_guild_until_it_ends(database: Database, clock: Clock) -> None:
    store = SqlBlockStore(database, clock)
    await store.save_block(GUILD, Block(ADA_ID, "spam", NOON + 60))
    await store.save_block(GUILD, Block(BEN_ID, "worse", None))

    assert await store.find_block(GUILD, ADA_ID) == Block(ADA_ID, "spam", NOON + 60)
    assert await store.find_block(GUILD + 1, ADA_ID) is None
    assert len(await store.list_blocks(GUILD)) == 2

    clock.now += 61
    assert await store.find_block(GUILD, ADA_ID) is None
    assert await store.list_blocks(GUILD) == [Block(BEN_ID, "worse", None)]


async def test_a_member_can_be_blocked_again_and_unblocked_once(database: Database, clock: Clock) -> None:
    store = SqlBlockStore(database, clock)
    for reason in ("spam", "again"):
        await store.save_block(GUILD, Block(ADA_ID, reason, None))

    assert await store.find_block(GUILD, ADA_ID) == Block(ADA_ID, "again", None)
    assert [await store.delete_block(GUILD, ADA_ID) for _ in range(2)] == [True, False]


async def test_the_audit_log_is_paged_newest_first(database: Database, clock: Clock) -> None:
    log = SqlAuditLog(database, clock)
    for number in range(5):
        await log.add_entry(GUILD, ADA_ID, AuditAction.BLOCK, number, f"reason {number}")
    await log.add_entry(GUILD + 1, ADA_ID, AuditAction.BLOCK, 9)

    page = await log.list_entries(GUILD, 3)
    older = await log.list_entries(GUILD, 3, page[-1].id)

    assert [entry.reason for entry in (*page, *older)] == [f"reason {number}" for number in (4, 3, 2, 1, 0)]
    assert page[0].action == AuditAction.BLOCK


async def test_the_log_stays_without_the_name_of_a_moderator_who_deleted_their_data(
    database: Database, clock: Clock
) -> None:
    log = SqlAuditLog(database, clock)
    await log.add_entry(GUILD, ADA_ID, AuditAction.UNBLOCK, BEN_ID)

    await SqlUserDataStore(database).delete_personal_data(ADA_ID)

    assert [(entry.actor_id, entry.target_id) for entry in await log.list_entries(GUILD, 9)] == [(0, BEN_ID)]


@pytest.mark.parametrize("is_recorded", [True, False])
async def test_a_result_is_deleted_by_one_moderator_who_is_logged_and_its_author_told_once(
    database: Database, job_store: SqlJobStore, job_history: SqlJobHistory, clock: Clock, is_recorded: bool
) -> None:
    job = make_job_by(1)
    if is_recorded:
        await job_store.add_jobs([job], None)
    store, moderated = SqlModerationStore(database, clock), ModeratedJob(job.id, GUILD, ADA_ID, "fr")

    deleted = await asyncio.gather(*(store.delete_result(moderated, BEN_ID + n, f"reason {n}") for n in range(3)))

    entries = await SqlAuditLog(database).list_entries(GUILD, 9)
    (notice,) = await SqlNoticeStore(database).list_waiting([NoticeKind.DELETION])
    assert notice.place_id == ADA_ID
    assert notice.data["locale"] == "fr"
    if is_recorded:
        record = await job_history.find_job(job.id)
        assert record is not None
        assert record.is_deleted
        assert deleted.count(True) == 1
        (entry,) = entries
        assert (entry.action, entry.target_id, entry.job_id) == (AuditAction.DELETE_RESULT, ADA_ID, job.id)
        assert entry.actor_id == BEN_ID + deleted.index(True)
        assert entry.reason == notice.data["reason"] == f"reason {deleted.index(True)}"


async def test_nobody_is_told_what_they_did_themselves(database: Database) -> None:
    await SqlModerationStore(database).delete_result(ModeratedJob("1", GUILD, ADA_ID), ADA_ID, "mine")

    assert await SqlNoticeStore(database).list_waiting([NoticeKind.DELETION]) == []
    assert len(await SqlAuditLog(database).list_entries(GUILD, 9)) == 1


async def test_a_job_is_found_by_its_messages_and_several_by_none(
    database: Database, job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    def make_status_id(offset: float) -> int:
        return int((NOON + offset) * 1000 - 1_420_070_400_000) << 22

    first, *variants = (make_job_by(number) for number in range(1, 4))
    posted, shared = make_status_id(1), make_status_id(2)
    for job, status_id in ((first, posted), *((variant, shared) for variant in variants)):
        origin = job.origin.model_copy(update={"message_id": status_id})
        await job_store.add_jobs([job.model_copy(update={"origin": origin})], None)
    await job_store.mark_delivered(make_finished_status(first), MessageRef(77, 78))

    async def find(channel_id: int, message_id: int, guild_id: int = GUILD) -> str | None:
        record = await job_history.find_job_of_message(guild_id, channel_id, message_id)
        return None if record is None else record.job.id

    assert [await find(77, 78), await find(2, posted), await find(posted, posted)] == [first.id] * 3
    assert [await find(78, 78), await find(77, 78, GUILD + 1), await find(2, shared)] == [None] * 3


async def test_open_jobs_of_a_member_are_listed_for_their_guild(
    job_store: SqlJobStore, job_history: SqlJobHistory
) -> None:
    first, ended, elsewhere, of_ben = (
        make_job_by(1),
        make_job_by(2),
        make_job_by(3, guild_id=GUILD + 1),
        make_job_by(4, user_id=BEN_ID),
    )
    for job in (first, ended, elsewhere, of_ben):
        await job_store.add_jobs([job], None)
    await job_store.mark_delivered(make_finished_status(ended), None)

    assert await job_history.list_open_job_ids(GUILD, ADA_ID) == [first.id]

"""Blocks and the audit log, on SQLite, and on PostgreSQL where a server is installed."""

from bot.domain.audit import AuditAction
from bot.domain.blocks import Block
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.audit_log import SqlAuditLog
from bot.storage.blocks import SqlBlockStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
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

"""Reports and what moderators do about them, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.audit import AuditAction
from bot.domain.blocks import Block
from bot.domain.moderation import ModeratedJob
from bot.domain.notices import NoticeKind
from bot.domain.reports import Report, ReportAction, ReportKind
from bot.features.reports.store import LIMIT_SECONDS, MAX_REPORTS, AddResult, SqlReportStore
from bot.storage.audit_log import SqlAuditLog
from bot.storage.blocks import SqlBlockStore
from bot.storage.moderation import SqlModerationStore
from bot.storage.notices import SqlNoticeStore
from bot.storage.session import Database
from bot.storage.tables import reports
from tests.support.builders import ADA_ID, BEN_ID, NOON, Clock, read_rows

GUILD, CHANNEL, MODERATOR = 1, 2, 9
REPORT = Report("7-01", BEN_ID, GUILD, ReportKind.RESULT, "not here", NOON)


@pytest.fixture
def store(database: Database, clock: Clock) -> SqlReportStore:
    return SqlReportStore(database, clock)


async def test_a_person_reports_a_job_once_however_many_bots_are_told(
    database: Database, database_url: str, store: SqlReportStore, clock: Clock
) -> None:
    other = Database(database_url)
    stores = (store, SqlReportStore(other, clock)) * 3
    results = await asyncio.gather(*(each.add_report(REPORT, CHANNEL, n) for n, each in enumerate(stores)))
    await other.close()

    assert sorted(result.name for result in results) == ["ADDED"] + ["KNOWN"] * 5
    (notice,) = await SqlNoticeStore(database).list_waiting([NoticeKind.REPORT])
    assert (notice.channel_id, notice.data) == (CHANNEL, {"job_id": "7-01", "reporter_id": BEN_ID})
    assert await store.find_report("7-01", BEN_ID) == REPORT
    assert await store.find_report("7-01", ADA_ID) is None


async def test_a_person_sends_few_reports_in_a_while_and_other_people_theirs(store: SqlReportStore) -> None:
    results = [await store.add_report(replace(REPORT, job_id=str(n)), CHANNEL, n) for n in range(MAX_REPORTS + 1)]
    of_ada = await store.add_report(replace(REPORT, reporter_id=ADA_ID), CHANNEL, 20)
    later = replace(REPORT, created_at=NOON + LIMIT_SECONDS + 1)

    assert results == [AddResult.ADDED] * MAX_REPORTS + [AddResult.TOO_MANY]
    assert of_ada is AddResult.ADDED
    assert await store.add_report(later, CHANNEL, 21) is AddResult.ADDED


async def test_each_action_is_taken_once_by_one_of_several_moderators(
    database: Database, database_url: str, store: SqlReportStore, clock: Clock
) -> None:
    await store.add_report(REPORT, CHANNEL, 1)
    await store.add_report(replace(REPORT, reporter_id=ADA_ID), CHANNEL, 2)
    other = Database(database_url)
    taken = await asyncio.gather(
        *(
            SqlReportStore(bot, clock).log_action(
                REPORT,
                ReportAction.BLOCK,
                actor_id=MODERATOR + n,
                author_id=ADA_ID,
                reason=f"by {n}",
                block=Block(ADA_ID, f"by {n}", None),
            )
            for n, bot in enumerate((database, other) * 3)
        )
    )
    await other.close()
    winner = taken.index(True)

    assert taken.count(True) == 1
    (entry,) = await SqlAuditLog(database).list_entries(GUILD, 9)
    assert (entry.action, entry.actor_id, entry.target_id) == (AuditAction.BLOCK, MODERATOR + winner, ADA_ID)
    assert entry.job_id == "7-01"
    assert await SqlBlockStore(database, clock).list_blocks(GUILD) == [Block(ADA_ID, f"by {winner}", None)]
    assert await store.list_actions(REPORT) == {ReportAction.BLOCK: MODERATOR + winner}
    closed_by = {row["closed_by"] for row in read_rows(database_url, reports)}
    assert len(closed_by) == 1


async def test_what_was_done_elsewhere_to_the_result_since_it_was_reported_is_told(
    database: Database, store: SqlReportStore, clock: Clock
) -> None:
    await store.add_report(REPORT, CHANNEL, 1)
    moderation = SqlModerationStore(database, clock)

    await moderation.delete_result(ModeratedJob("7-01", GUILD, ADA_ID), MODERATOR, "gone")
    await moderation.delete_result(ModeratedJob("7-02", GUILD, ADA_ID), MODERATOR + 1, "another")

    assert await store.list_actions(REPORT) == {ReportAction.DELETE: MODERATOR}
    assert await store.list_actions(replace(REPORT, created_at=NOON + 1)) == {}
    assert await store.list_actions(replace(REPORT, guild_id=GUILD + 1)) == {}

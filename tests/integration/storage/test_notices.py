"""The outbox of notices, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio

import pytest
from sqlalchemy import Connection, insert

from bot.domain.audit import AuditAction
from bot.domain.notices import NoticeKind
from bot.storage.audit_log import SqlAuditLog, add_audit_entry
from bot.storage.notices import MAX_WAITING_PER_CHANNEL, SqlNoticeStore, add_notice
from bot.storage.session import Database
from bot.storage.tables import audit_entries, guild_settings, notices
from tests.support.builders import ADA_ID, BEN_ID, NOON, Clock, read_rows

GUILD, CHANNEL, OTHER_CHANNEL = 1, 2, 3
KINDS = [NoticeKind.AUDIT]


def add(connection: Connection, key: str, channel_id: int = CHANNEL) -> bool:
    return add_notice(connection, key, GUILD, channel_id, NoticeKind.AUDIT, {"entry_id": 7}, NOON)


async def mirror_audit_log(database: Database, channel_id: int | None = CHANNEL, *, is_on: bool = True) -> None:
    row = {"button_policy": "everyone", "log_channel_id": channel_id, "mirror_audit": is_on}
    await database.run_transaction(
        lambda connection: connection.execute(insert(guild_settings).values(guild_id=GUILD, **row))
    )


async def test_two_bots_add_a_notice_of_the_same_event_once(database: Database, database_url: str) -> None:
    other = Database(database_url)
    added = await asyncio.gather(
        *(bot.run_transaction(lambda connection: add(connection, "event")) for bot in (database, other) * 4)
    )
    await other.close()

    assert sorted(added) == [False] * 7 + [True]
    assert len(await SqlNoticeStore(database).list_waiting(KINDS)) == 1


async def test_a_notice_waits_until_it_is_closed_and_its_event_makes_no_other(
    database: Database, database_url: str, clock: Clock
) -> None:
    store = SqlNoticeStore(database, clock)
    await database.run_transaction(lambda connection: add(connection, "event"))
    (notice,) = await store.list_waiting(KINDS)

    await store.close_notice(notice, 99)

    assert (notice.guild_id, notice.channel_id, notice.data) == (GUILD, CHANNEL, {"entry_id": 7})
    assert await store.list_waiting(KINDS) == []
    assert not await database.run_transaction(lambda connection: add(connection, "event"))
    (row,) = read_rows(database_url, notices)
    assert (row["message_id"], row["closed_at"], row["data"]) == (99, NOON, "{}")
    assert [await store.delete_closed(NOON + seconds) for seconds in (0, 1)] == [0, 1]


async def test_no_channel_keeps_the_notices_of_another_waiting(database: Database) -> None:
    def fill(connection: Connection) -> None:
        for number in range(MAX_WAITING_PER_CHANNEL + 5):
            add(connection, f"event {number}")
        add(connection, "elsewhere", OTHER_CHANNEL)

    await database.run_transaction(fill)
    waiting = await SqlNoticeStore(database).list_waiting(KINDS)

    assert [notice.channel_id for notice in waiting] == [CHANNEL] * MAX_WAITING_PER_CHANNEL + [OTHER_CHANNEL]
    assert await SqlNoticeStore(database).list_waiting(["of another release"]) == []


@pytest.mark.parametrize(("channel_id", "is_on", "count"), [(CHANNEL, True, 1), (CHANNEL, False, 0), (None, True, 0)])
async def test_a_line_of_the_audit_log_is_mirrored_if_the_server_chose_so(
    database: Database, channel_id: int | None, is_on: bool, count: int
) -> None:
    await mirror_audit_log(database, channel_id, is_on=is_on)
    await SqlAuditLog(database).add_entry(GUILD, ADA_ID, AuditAction.BLOCK, BEN_ID, "spam")
    waiting = await SqlNoticeStore(database).list_waiting(KINDS)

    assert [notice.channel_id for notice in waiting] == [CHANNEL] * count
    for notice in waiting:
        entry = await SqlAuditLog(database).find_entry(notice.data["entry_id"])
        assert entry is not None
        assert (entry.target_id, entry.reason) == (BEN_ID, "spam")


async def test_neither_a_line_nor_its_notice_is_there_if_the_transaction_fails(
    database: Database, database_url: str
) -> None:
    await mirror_audit_log(database)

    def fail(connection: Connection) -> None:
        add_audit_entry(connection, GUILD, ADA_ID, AuditAction.BLOCK, BEN_ID, "", NOON)
        raise LookupError

    with pytest.raises(LookupError):
        await database.run_transaction(fail)

    assert read_rows(database_url, audit_entries) == []
    assert read_rows(database_url, notices) == []

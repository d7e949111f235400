"""The word lists of guilds, on SQLite, and on PostgreSQL where a server is installed."""

import pytest

from bot.domain.audit import AuditAction
from bot.domain.word_rules import MAX_RULES, make_rule
from bot.features.privacy.store import SqlUserDataStore
from bot.storage.audit_log import SqlAuditLog
from bot.storage.session import Database
from bot.storage.tables import word_rules
from bot.storage.word_rules import SqlWordRuleStore
from shared.problems import RejectedError
from tests.support.builders import ADA_ID, BEN_ID, Clock, read_rows

GUILD = 1


@pytest.fixture
def store(database: Database, clock: Clock) -> SqlWordRuleStore:
    return SqlWordRuleStore(database, clock)


async def test_a_change_holds_at_once_for_every_process_and_in_its_guild_alone(
    store: SqlWordRuleStore, database: Database
) -> None:
    other_process = SqlWordRuleStore(database)

    async def is_refused(guild_id: int = GUILD) -> bool:
        return (await other_process.load_word_list(guild_id)).find_rule("a white HÖRSE") is not None

    refused = [await is_refused()]
    await store.add_rule(GUILD, make_rule("Horse"), ADA_ID)
    refused += [await is_refused(), await is_refused(GUILD + 1)]
    removed = [await store.remove_rule(GUILD, make_rule("hörse"), BEN_ID) for _ in range(2)]
    refused.append(await is_refused())

    assert (refused, removed) == ([False, True, False, False], [True, False])
    log = await SqlAuditLog(database).list_entries(GUILD, 9)
    assert [(entry.actor_id, entry.action, entry.reason) for entry in log] == [
        (BEN_ID, AuditAction.REMOVE_WORD, "hörse"),
        (ADA_ID, AuditAction.ADD_WORD, "Horse"),
    ]


@pytest.mark.parametrize("pattern", ["Café au  lait", "CAFE-AU-LAIT"])
async def test_an_entry_in_another_spelling_is_known_and_nothing_changes(
    store: SqlWordRuleStore, database: Database, pattern: str
) -> None:
    await store.add_rule(GUILD, make_rule("café au lait"), ADA_ID)

    with pytest.raises(RejectedError) as raised:
        await store.add_rule(GUILD, make_rule(pattern), ADA_ID)

    assert raised.value.problems[0].code == "word_rule_known"
    assert [rule.pattern for rule in await store.list_rules(GUILD)] == ["café au lait"]
    assert len(await SqlAuditLog(database).list_entries(GUILD, 9)) == 1


async def test_a_list_has_room_for_a_limited_number_of_entries(store: SqlWordRuleStore) -> None:
    for number in range(MAX_RULES):
        await store.add_rule(GUILD, make_rule(f"word{number:03}"), ADA_ID)

    with pytest.raises(RejectedError) as raised:
        await store.add_rule(GUILD, make_rule("one more"), ADA_ID)

    assert raised.value.problems[0].code == "word_rules_full"
    assert [rule.pattern for rule in await store.list_rules(GUILD)] == [f"word{n:03}" for n in range(MAX_RULES)]


async def test_the_list_stays_without_the_name_of_a_manager_who_deleted_their_data(
    store: SqlWordRuleStore, database: Database, database_url: str
) -> None:
    await store.add_rule(GUILD, make_rule("horse"), ADA_ID)
    await store.add_rule(GUILD, make_rule("sheep"), BEN_ID)

    await SqlUserDataStore(database).delete_personal_data(ADA_ID)

    rows = read_rows(database_url, word_rules)
    assert {row["pattern"]: row["created_by"] for row in rows} == {"horse": 0, "sheep": BEN_ID}

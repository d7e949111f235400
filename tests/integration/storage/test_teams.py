"""The teams of guilds and the choices of members, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.audit import AuditAction
from bot.domain.teams import MAX_TEAMS, MYSELF, Team, TeamChoice
from bot.storage.audit_log import SqlAuditLog
from bot.storage.session import Database
from bot.storage.teams import SqlTeamStore
from shared.job import Priority
from shared.problems import RejectedError
from tests.support.database import execute_sql

GUILD_ID, OTHER_GUILD_ID, ACTOR_ID, USER_ID = 1, 2, 50, 60
MAKERS = Team(
    role_id=7,
    guild_id=GUILD_ID,
    name="Makers",
    weight=2.5,
    approver_role_id=8,
    approval_limit=1_500_000,
    defaults={"model": "sd3.5", "keep": 40, "negative": "text"},
    locked=frozenset({"model", "negative"}),
    priority=Priority.LOW,
)
ARTISTS = Team(role_id=9, guild_id=GUILD_ID, name="artists")


@pytest.fixture
def teams(database: Database) -> SqlTeamStore:
    return SqlTeamStore(database)


async def list_codes(attempt: object) -> list[str]:
    with pytest.raises(RejectedError) as rejected:
        await attempt  # type: ignore[misc]
    return [problem.code for problem in rejected.value.problems]


async def test_a_team_is_found_in_its_guild_as_it_was_set_up(teams: SqlTeamStore) -> None:
    for team in (MAKERS, ARTISTS):
        await teams.add_team(team, ACTOR_ID)

    assert await teams.find_team(GUILD_ID, MAKERS.role_id) == MAKERS
    assert await teams.find_team(OTHER_GUILD_ID, MAKERS.role_id) is None
    assert await teams.list_teams(GUILD_ID) == [ARTISTS, MAKERS]
    assert await teams.list_teams(GUILD_ID, {3, MAKERS.role_id}) == [MAKERS]
    assert await teams.list_teams(OTHER_GUILD_ID) == []


async def test_a_role_is_one_team_and_a_guild_has_no_more_than_the_limit(teams: SqlTeamStore) -> None:
    await teams.add_team(MAKERS, ACTOR_ID)
    assert await list_codes(teams.add_team(replace(MAKERS, weight=1), ACTOR_ID)) == ["team_exists"]
    for number in range(1, MAX_TEAMS):
        await teams.add_team(Team(100 + number, GUILD_ID, f"team {number}"), ACTOR_ID)
    assert await list_codes(teams.add_team(ARTISTS, ACTOR_ID)) == ["team_full"]
    assert len(await teams.list_teams(GUILD_ID)) == MAX_TEAMS
    assert await list_codes(teams.remove_team(GUILD_ID, ARTISTS.role_id, ACTOR_ID)) == ["team_unknown"]


async def test_two_changes_of_different_settings_at_once_are_both_stored(teams: SqlTeamStore) -> None:
    await teams.add_team(MAKERS, ACTOR_ID)

    await asyncio.gather(
        teams.change_team(ACTOR_ID, MAKERS, replace(MAKERS, weight=4)),
        teams.change_team(ACTOR_ID, MAKERS, replace(MAKERS, defaults={"keep": 10}, locked=frozenset())),
    )

    stored = await teams.find_team(GUILD_ID, MAKERS.role_id)
    assert stored == replace(MAKERS, weight=4, defaults={"keep": 10}, locked=frozenset())
    assert await teams.change_team(ACTOR_ID, MAKERS, replace(MAKERS, weight=4)) is None


async def test_each_change_is_in_the_audit_log_and_can_be_undone_until_the_next(
    database: Database, teams: SqlTeamStore
) -> None:
    await teams.add_team(MAKERS, ACTOR_ID)
    first = await teams.change_team(ACTOR_ID, MAKERS, replace(MAKERS, weight=4, locked=frozenset()))
    second = await teams.change_team(ACTOR_ID, MAKERS, replace(MAKERS, weight=3, priority=Priority.NORMAL))
    assert first is not None
    assert second is not None

    assert await list_codes(teams.undo_change(GUILD_ID, ACTOR_ID, first.entry_id)) == ["team_changed_since"]
    assert await list_codes(teams.undo_change(OTHER_GUILD_ID, ACTOR_ID, second.entry_id)) == ["change_unknown"]
    await teams.undo_change(GUILD_ID, ACTOR_ID, second.entry_id)
    await teams.undo_change(GUILD_ID, ACTOR_ID, first.entry_id)
    removed = await teams.remove_team(GUILD_ID, MAKERS.role_id, ACTOR_ID)
    restored = await teams.undo_change(GUILD_ID, ACTOR_ID, removed.entry_id)
    assert await teams.find_team(GUILD_ID, MAKERS.role_id) == MAKERS
    await teams.undo_change(GUILD_ID, ACTOR_ID, restored.entry_id)
    assert await teams.find_team(GUILD_ID, MAKERS.role_id) is None

    entries = await SqlAuditLog(database).list_entries(GUILD_ID, 20)
    assert [entry.action for entry in reversed(entries)] == [
        AuditAction.SET_UP_TEAM,
        *[AuditAction.CHANGE_TEAM] * 4,
        AuditAction.REMOVE_TEAM,
        AuditAction.SET_UP_TEAM,
        AuditAction.REMOVE_TEAM,
    ]
    changes = [entry.team_change for entry in reversed(entries)]
    assert changes[1] == first
    assert all(entry.target_id == MAKERS.role_id and entry.change is None for entry in entries)


async def test_a_choice_is_remembered_for_each_guild(teams: SqlTeamStore) -> None:
    await teams.add_team(MAKERS, ACTOR_ID)
    assert await teams.load_choice(GUILD_ID, USER_ID) == TeamChoice()

    await teams.save_choice(GUILD_ID, USER_ID, MAKERS.role_id)
    await teams.save_choice(OTHER_GUILD_ID, USER_ID, MAKERS.role_id)

    chosen = await teams.load_choice(GUILD_ID, USER_ID)
    assert chosen == TeamChoice(MAKERS.role_id, MAKERS)
    assert (chosen.get_team({MAKERS.role_id}), chosen.is_lost({MAKERS.role_id})) == (MAKERS, False)
    assert (chosen.get_team({3}), chosen.is_lost({3})) == (None, True)
    elsewhere = await teams.load_choice(OTHER_GUILD_ID, USER_ID)
    assert elsewhere.is_lost({MAKERS.role_id})
    await teams.save_choice(GUILD_ID, USER_ID, MYSELF)
    assert not (await teams.load_choice(GUILD_ID, USER_ID)).is_lost({3})


async def test_the_choice_of_a_team_that_was_removed_is_lost_until_it_is_forgotten(teams: SqlTeamStore) -> None:
    await teams.add_team(MAKERS, ACTOR_ID)
    await teams.save_choice(GUILD_ID, USER_ID, MAKERS.role_id)
    await teams.remove_team(GUILD_ID, MAKERS.role_id, ACTOR_ID)

    assert (await teams.load_choice(GUILD_ID, USER_ID)).is_lost({MAKERS.role_id})
    await teams.forget_choice(GUILD_ID, USER_ID, ARTISTS.role_id)
    assert (await teams.load_choice(GUILD_ID, USER_ID)).is_lost({MAKERS.role_id})
    await teams.forget_choice(GUILD_ID, USER_ID, MAKERS.role_id)
    assert await teams.load_choice(GUILD_ID, USER_ID) == TeamChoice()


async def test_what_this_release_cannot_read_of_a_team_is_left_out(teams: SqlTeamStore, database_url: str) -> None:
    await teams.add_team(MAKERS, ACTOR_ID)
    execute_sql(database_url, """UPDATE teams SET priority = 'soon', locked = '7', defaults = '{"keep": 5, "x": 1}'""")

    stored = await teams.find_team(GUILD_ID, MAKERS.role_id)

    assert stored == replace(MAKERS, defaults={"keep": 5}, locked=frozenset(), priority=Priority.NORMAL)

"""Contests with their entries, ballots and members, on SQLite, and on PostgreSQL where a server is installed."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.ballots import Ballot
from bot.domain.budgets import Budget, BudgetExceededError, BudgetPeriod, BudgetScope, BudgetUnit
from bot.domain.images import StoredImage
from bot.domain.round_changes import disqualify_entry, end_contest, withdraw_entry
from bot.domain.round_phases import start_contest
from bot.domain.rounds import ContestFormat, EndReason, EntryState, MessageKind, Phase, TieRule, TurnOrder
from bot.domain.search import SearchQuery
from bot.storage.ballots import SqlBallotStore
from bot.storage.images import SqlImageStore
from bot.storage.job_search import SqlJobSearch
from bot.storage.jobs import SqlJobStore
from bot.storage.round_members import SqlRoundMemberStore, forget_entries
from bot.storage.round_messages import SqlRoundMessageStore
from bot.storage.rounds import SqlRoundStore
from bot.storage.session import Database
from bot.storage.tables import (
    contests,
    jobs,
    ledger_entries,
    round_ballots,
    round_entries,
    round_messages,
    round_participants,
)
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import RejectedError, make_problem
from tests.support.builders import ADA_ID, BEN_ID, GENERATED, NOON, Clock, make_finished_status, read_rows
from tests.support.rounds import CONTEST_ID, HOST_ID, make_contest, make_entry_job

CLEO_ID = 45
PRICE = 80_000  # of the default model, in millionths of a dollar


@pytest.fixture
def rounds(database: Database, clock: Clock) -> SqlRoundStore:
    return SqlRoundStore(database, clock=clock)


@pytest.fixture
def ballots(database: Database, clock: Clock) -> SqlBallotStore:
    return SqlBallotStore(database, clock=clock)


@pytest.fixture
def members(database: Database, clock: Clock) -> SqlRoundMemberStore:
    return SqlRoundMemberStore(database, clock=clock)


@pytest.fixture
def round_message_store(database: Database, clock: Clock) -> SqlRoundMessageStore:
    return SqlRoundMessageStore(database, clock=clock)


async def start(store: SqlRoundStore, **settings: Any) -> None:
    assert await store.add_contest(start_contest(make_contest(**settings)))


async def enter(job_store: SqlJobStore, *entries: Job, outcome: Outcome = GENERATED) -> None:
    for job in entries:
        assert await job_store.add_jobs([job], None)
        await job_store.mark_delivered(make_finished_status(job, outcome), None)


@asynccontextmanager
async def open_bots(url: str, clock: Clock, count: int = 2) -> AsyncIterator[Sequence[SqlRoundStore]]:
    """Open the database as several bots do."""
    databases = [Database(url) for _ in range(count)]
    try:
        yield [SqlRoundStore(database, clock=clock, rng=random.Random(7)) for database in databases]
    finally:
        for database in databases:
            await database.close()


async def list_states(rounds: SqlRoundStore) -> dict[str, EntryState]:
    return {entry.job_id[-2:]: entry.state for entry in await rounds.list_entries(CONTEST_ID)}


async def test_a_contest_is_stored_once_with_its_first_message_and_found_again(
    rounds: SqlRoundStore, round_message_store: SqlRoundMessageStore
) -> None:
    step = start_contest(make_contest(options={"style": "anime"}, models=("sd3.5-large",), max_cost=10**12))
    upload = StoredImage("ab" * 32, b"a picture")

    added = await asyncio.gather(*(rounds.add_contest(step, upload) for _ in range(4)))

    assert sorted(added) == [False, False, False, True]
    assert await rounds.find_contest(CONTEST_ID) == await rounds.find_open_contest(3) == step.contest
    assert await rounds.list_contests(1, 5, is_open=True) == [step.contest]
    assert await rounds.list_contests(1, 5, is_open=False) == []
    assert [m.kind for m in await round_message_store.list_waiting_messages(9)] == [MessageKind.ENTERING]


@pytest.mark.parametrize("tie_rule", [TieRule.SHARED, TieRule.RUNOFF])
async def test_two_bots_race_for_each_deadline_and_each_happens_once(
    rounds: SqlRoundStore,
    job_store: SqlJobStore,
    ballots: SqlBallotStore,
    members: SqlRoundMemberStore,
    database_url: str,
    clock: Clock,
    tie_rule: TieRule,
) -> None:
    await start(rounds, rounds=2, tie_rule=tie_rule)
    await members.toggle_reminder(CONTEST_ID, ADA_ID)
    async with open_bots(database_url, clock) as bots:
        for round_number in (1, 2):
            await enter(
                job_store,
                make_entry_job(10 * round_number, user_id=ADA_ID, round_number=round_number),
                make_entry_job(10 * round_number + 1, user_id=BEN_ID, round_number=round_number),
            )
            contest = await rounds.find_contest(CONTEST_ID)
            while contest is not None and contest.is_open and contest.round_number == round_number:
                if contest.phase is Phase.VOTING:
                    for choice in (1, 2):
                        author = await _find_author(rounds, round_number, choice)
                        voter = BEN_ID if author == ADA_ID else ADA_ID
                        await ballots.save_ballot(
                            CONTEST_ID, voter, [choice], phase=Phase.VOTING, round_number=round_number
                        )
                clock.now = contest.due_at or 0
                assert CONTEST_ID in [due.id for due in await rounds.list_due_contests(5)]
                done = await asyncio.gather(*(bot.advance(CONTEST_ID) for bot in bots for _ in range(3)))
                (contest,) = [changed for changed in done if changed is not None]

    messages = [
        (row["kind"], row["round_number"]) for row in sorted(read_rows(database_url, round_messages), key=_by_sequence)
    ]
    vote = ["voting", "reminder", *(["runoff"] if tie_rule is TieRule.RUNOFF else []), "result"]
    expected = [(kind, number) for number in (1, 2) for kind in ("entering", "reminder", "entries", *vote)]
    assert messages == [*expected, ("closing_strip", 2)]
    (row,) = read_rows(database_url, contests)
    assert (row["phase"], row["end_reason"], row["due_at"]) == ("ended", "finished", None)
    assert read_rows(database_url, round_ballots) == []
    assert sum(entry["is_winner"] for entry in read_rows(database_url, round_entries)) == 4


async def _find_author(rounds: SqlRoundStore, round_number: int, number: int) -> int:
    entries = await rounds.list_entries(CONTEST_ID)
    return next(e.author_id for e in entries if (e.round_number, e.number) == (round_number, number))


def _by_sequence(row: dict[str, object]) -> int:
    return int(str(row["sequence"]))


async def test_an_entry_is_accepted_with_its_job_or_neither_is(
    rounds: SqlRoundStore, job_store: SqlJobStore, database_url: str, clock: Clock
) -> None:
    await start(rounds, max_entries_per_member=2, max_entries=3)
    accepted = [make_entry_job(1), make_entry_job(2), make_entry_job(3, user_id=BEN_ID)]
    for job in accepted[:2]:
        assert await job_store.add_jobs([job], None)

    refused = {
        "round_entries_used": make_entry_job(4),
        "round_not_entering": make_entry_job(5, user_id=BEN_ID, round_number=2),
    }
    for code, job in refused.items():
        with pytest.raises(RejectedError, match=code):
            await job_store.add_jobs([job], None)
    assert await job_store.add_jobs([accepted[2]], None)
    with pytest.raises(RejectedError, match="round_full"):
        await job_store.add_jobs([make_entry_job(6, user_id=CLEO_ID)], None)
    clock.now = NOON + 100
    with pytest.raises(RejectedError, match="round_not_entering"):
        await job_store.add_jobs([make_entry_job(7, user_id=CLEO_ID)], None)

    for table, column in ((jobs, "id"), (round_entries, "job_id"), (ledger_entries, "job_id")):
        assert {row[column] for row in read_rows(database_url, table)} == {job.id for job in accepted}


async def test_members_who_enter_at_once_do_not_exceed_the_caps(
    rounds: SqlRoundStore, catalogue: Catalogue, database_url: str, clock: Clock
) -> None:
    await start(rounds, max_entries_per_member=5, max_entries=7, max_cost=5 * PRICE)
    databases = [Database(database_url) for _ in range(2)]
    bots = [SqlJobStore(database, catalogue=catalogue, clock=clock) for database in databases]

    results = await asyncio.gather(
        *(bots[n % 2].add_jobs([make_entry_job(n, user_id=n % 3 + 1)], None) for n in range(12)),
        return_exceptions=True,
    )
    for database in databases:
        await database.close()

    assert results.count(True) == 5
    refusals = [result.problems[0].code for result in results if isinstance(result, RejectedError)]
    assert refusals == ["round_cost_limit"] * 7


async def test_an_entry_that_no_budget_pays_for_is_not_entered(
    rounds: SqlRoundStore, database: Database, catalogue: Catalogue, database_url: str, clock: Clock
) -> None:
    await start(rounds)
    budget = Budget("bot-day", BudgetScope.BOT, 0, 0, BudgetPeriod.DAY, BudgetUnit.USD, PRICE - 1)
    job_store = SqlJobStore(database, catalogue=catalogue, bot_budgets=[budget], clock=clock)

    with pytest.raises(BudgetExceededError):
        await job_store.add_jobs([make_entry_job(1)], None)

    assert read_rows(database_url, round_entries) == read_rows(database_url, jobs) == []


@pytest.mark.parametrize(
    ("outcome", "state", "cost"),
    [
        (GENERATED, EntryState.ENTERED, PRICE),
        (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), EntryState.FAILED, PRICE),
        (Failed(problem=make_problem("quota_exceeded")), EntryState.FAILED, 0),
    ],
)
async def test_an_entry_ends_as_its_job_does_and_whoever_has_no_picture_may_try_again(
    rounds: SqlRoundStore, job_store: SqlJobStore, outcome: Outcome, state: EntryState, cost: int
) -> None:
    await start(rounds)
    job = make_entry_job(1)

    await enter(job_store, job, outcome=outcome)

    entry = await rounds.find_entry(job.id)
    assert entry is not None
    assert (entry.state, entry.price, entry.number) == (state, cost, None)
    again = job_store.add_jobs([make_entry_job(2)], None)
    if state is EntryState.FAILED:
        assert await again
    else:
        with pytest.raises(RejectedError, match="round_entries_used"):
            await again


async def test_a_changed_entry_takes_the_place_of_the_old_one_when_its_picture_is_there(
    rounds: SqlRoundStore, job_store: SqlJobStore
) -> None:
    await start(rounds)
    first = make_entry_job(1)
    await enter(job_store, first)
    change = partial(make_entry_job, replaced_job_id=first.id)

    with pytest.raises(RejectedError, match="round_entry_unknown"):
        await job_store.add_jobs([change(2, user_id=BEN_ID)], None)
    await enter(job_store, change(3), outcome=Failed(problem=make_problem("quota_exceeded")))
    assert await list_states(rounds) == {"01": EntryState.ENTERED, "03": EntryState.FAILED}

    await enter(job_store, fourth := change(4))
    assert await list_states(rounds) == {
        "01": EntryState.WITHDRAWN,
        "03": EntryState.FAILED,
        "04": EntryState.ENTERED,
    }
    assert await job_store.add_jobs([make_entry_job(5, replaced_job_id=fourth.id)], None)
    with pytest.raises(RejectedError, match="round_entry_unknown"):
        await job_store.add_jobs([make_entry_job(6, replaced_job_id=fourth.id)], None)


async def test_entries_withdrawn_or_rejected_by_the_queue_count_no_longer(
    rounds: SqlRoundStore, job_store: SqlJobStore
) -> None:
    await start(rounds)
    withdrawn, rejected = make_entry_job(1), make_entry_job(2)
    assert await job_store.add_jobs([withdrawn], None)
    with pytest.raises(RejectedError, match="round_entry_unknown"):
        await rounds.change_contest(CONTEST_ID, partial(withdraw_entry, BEN_ID, withdrawn.id))

    await rounds.change_contest(CONTEST_ID, partial(withdraw_entry, ADA_ID, withdrawn.id))
    assert await job_store.add_jobs([rejected], None)
    await job_store.mark_rejected(rejected.id, make_problem("queue_full", limit=1))
    await job_store.mark_delivered(make_finished_status(withdrawn), None)

    assert await list_states(rounds) == {"01": EntryState.WITHDRAWN, "02": EntryState.FAILED}


async def test_the_vote_begins_when_the_last_running_job_has_ended(
    rounds: SqlRoundStore, job_store: SqlJobStore, clock: Clock
) -> None:
    await start(rounds)
    entries = [make_entry_job(n, user_id=n) for n in (1, 2, 3)]
    for job in entries:
        assert await job_store.add_jobs([job], None)
    clock.now = NOON + 100
    closing = await rounds.advance(CONTEST_ID)
    assert closing is not None
    assert closing.phase is Phase.CLOSING

    for job in entries[:2]:
        await job_store.mark_delivered(make_finished_status(job), None)
    assert await rounds.list_due_contests(5) == []
    await job_store.mark_delivered(make_finished_status(entries[2]), None)
    voting = await rounds.advance(CONTEST_ID)

    assert voting is not None
    assert voting.phase is Phase.VOTING


async def test_entries_that_are_shown_as_they_come_are_numbered_as_they_come(
    rounds: SqlRoundStore, job_store: SqlJobStore, round_message_store: SqlRoundMessageStore
) -> None:
    await start(rounds, shows_entries_at_once=False)
    entries = [make_entry_job(n, user_id=n) for n in (1, 2)]
    await enter(job_store, *reversed(entries))

    shown = [m.job_id for m in await round_message_store.list_waiting_messages(9) if m.kind is MessageKind.ENTRY]
    numbers = {e.job_id: e.number for e in await rounds.list_entries(CONTEST_ID)}

    assert shown == [entries[1].id, entries[0].id]
    assert numbers == {entries[1].id: 1, entries[0].id: 2}


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_the_candidates_are_without_an_entry_that_leaves_the_vote(
    rounds: SqlRoundStore,
    job_store: SqlJobStore,
    ballots: SqlBallotStore,
    database: Database,
    clock: Clock,
    *,
    is_forgotten: bool,
) -> None:
    await start(rounds)
    await enter(job_store, *(make_entry_job(n, user_id=n) for n in (1, 2, 3)))
    clock.now = NOON + 100
    contest = await rounds.advance(CONTEST_ID)
    assert contest is not None
    before = await ballots.list_candidates(contest)

    if is_forgotten:
        async with database.transaction() as connection:
            await connection.run_sync(forget_entries, before[0].author_id, 10)
    else:
        await rounds.change_contest(CONTEST_ID, partial(disqualify_entry, before[0].job_id, "stolen"))
    contest = await rounds.find_contest(CONTEST_ID)
    assert contest is not None

    assert [entry.number for entry in before] == [1, 2, 3]
    assert [entry.number for entry in await ballots.list_candidates(contest)] == [2, 3]
    with pytest.raises(RejectedError, match="ballot_choices"):
        await ballots.save_ballot(CONTEST_ID, CLEO_ID, [1], phase=Phase.VOTING, round_number=1)


async def test_the_last_ballot_of_a_member_counts_until_the_vote_is_over(
    rounds: SqlRoundStore,
    job_store: SqlJobStore,
    ballots: SqlBallotStore,
    database_url: str,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await start(rounds)
    await enter(job_store, *(make_entry_job(n, user_id=n) for n in (1, 2, 3)))
    vote = partial(ballots.save_ballot, CONTEST_ID, phase=Phase.VOTING, round_number=1)
    with pytest.raises(RejectedError, match="round_vote_over"):
        await vote(CLEO_ID, [1])
    clock.now = NOON + 100
    contest = await rounds.advance(CONTEST_ID)
    assert contest is not None
    author_id = await _find_author(rounds, 1, 1)

    with pytest.raises(RejectedError, match="ballot_own_entry"):
        await vote(author_id, [2, 1])
    await asyncio.gather(*(vote(CLEO_ID, [number]) for number in (1, 2, 3)))
    await vote(CLEO_ID, [3, 1])
    await vote(HOST_ID, [2])
    await ballots.delete_ballot(CONTEST_ID, HOST_ID)

    assert await ballots.load_ballot(CONTEST_ID, CLEO_ID) == Ballot((3, 1))
    assert "postgresql" in database_url or b"[3, 1]" in _read_sqlite_files(database_url)
    assert await ballots.load_ballot(CONTEST_ID, author_id) is None
    assert [entry.number for entry in await ballots.list_candidates(contest)] == [1, 2, 3]
    assert len(read_rows(database_url, round_ballots)) == 1
    clock.now = NOON + 160
    with pytest.raises(RejectedError, match="round_vote_over"):
        await vote(CLEO_ID, [2])
    await rounds.advance(CONTEST_ID)
    counted = {e.number: (e.points, e.ballots) for e in await rounds.list_entries(CONTEST_ID)}
    assert counted == {1: (2, 1), 2: (0, 0), 3: (3, 1)}
    assert read_rows(database_url, round_ballots) == []
    assert b"[3, 1]" not in _read_sqlite_files(database_url)
    assert str(CLEO_ID) not in caplog.text


def _read_sqlite_files(url: str) -> bytes:
    """Read the database file and its write-ahead log; nothing of PostgreSQL."""
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


async def test_in_a_relay_only_the_member_whose_turn_it_is_may_enter_once(
    database_url: str, rounds: SqlRoundStore, job_store: SqlJobStore, members: SqlRoundMemberStore, clock: Clock
) -> None:
    await start(rounds, format=ContestFormat.RELAY, turn_order=TurnOrder.JOINED)
    for user_id in (ADA_ID, BEN_ID):
        assert await members.join_relay(CONTEST_ID, user_id)
    assert not await members.join_relay(CONTEST_ID, ADA_ID)
    clock.now = NOON + 100
    await rounds.advance(CONTEST_ID)

    for job in (make_entry_job(1, user_id=BEN_ID, turn_number=1), make_entry_job(2, turn_number=2)):
        with pytest.raises(RejectedError, match="round_not_your_turn"):
            await job_store.add_jobs([job], None)
    first = make_entry_job(3, turn_number=1)
    await enter(job_store, first)
    with pytest.raises(RejectedError, match="round_entries_used"):
        await job_store.add_jobs([make_entry_job(4, turn_number=1)], None)

    second = await rounds.advance(CONTEST_ID)
    assert second is not None
    assert (second.turn_user_id, second.source_job_id) == (BEN_ID, first.id)
    assert await members.leave_relay(CONTEST_ID, BEN_ID)
    last = await rounds.advance(CONTEST_ID)
    assert last is not None
    assert last.end_reason is EndReason.FINISHED
    participants = sorted(read_rows(database_url, round_participants), key=lambda row: row["position"])
    assert [row["has_left"] for row in participants] == [False, True]


async def test_reminders_are_for_those_who_asked(rounds: SqlRoundStore, members: SqlRoundMemberStore) -> None:
    await start(rounds)

    assert await members.toggle_reminder(CONTEST_ID, ADA_ID)
    assert await members.toggle_reminder(CONTEST_ID, BEN_ID)
    assert not await members.toggle_reminder(CONTEST_ID, BEN_ID)

    assert await members.list_reminded_members(CONTEST_ID) == [ADA_ID]


async def test_a_contest_is_cancelled_once_and_takes_no_more_entries(
    rounds: SqlRoundStore, job_store: SqlJobStore, database_url: str, clock: Clock
) -> None:
    await start(rounds)
    pending = make_entry_job(1)
    assert await job_store.add_jobs([pending], None)
    async with open_bots(database_url, clock, 4) as bots:
        cancel = partial(end_contest, EndReason.CANCELLED)
        done = await asyncio.gather(*(bot.change_contest(CONTEST_ID, cancel) for bot in bots), return_exceptions=True)

    assert sum(not isinstance(result, Exception) for result in done) == 1
    with pytest.raises(RejectedError, match="round_not_entering"):
        await job_store.add_jobs([make_entry_job(2, user_id=BEN_ID)], None)
    await job_store.mark_delivered(make_finished_status(pending), None)
    assert await list_states(rounds) == {"01": EntryState.FAILED}


async def test_a_deleted_message_is_sent_anew_once(
    rounds: SqlRoundStore, round_message_store: SqlRoundMessageStore
) -> None:
    await start(rounds)
    (message,) = await round_message_store.list_waiting_messages(9)
    await round_message_store.close_message(message, 17)
    assert await round_message_store.list_waiting_messages(9) == []
    sent = await round_message_store.find_message(CONTEST_ID, MessageKind.ENTERING)
    assert sent is not None
    assert sent.message_id == 17

    reopened = await asyncio.gather(*(round_message_store.reopen_message(sent) for _ in range(3)))

    assert sorted(reopened) == [False, False, True]
    (anew,) = await round_message_store.list_waiting_messages(9)
    assert (anew.sequence, anew.attempt, anew.message_id) == (message.sequence, 1, None)


async def test_others_find_an_entry_only_when_it_is_published(
    rounds: SqlRoundStore, job_store: SqlJobStore, job_search: SqlJobSearch
) -> None:
    await start(rounds)
    await enter(job_store, make_entry_job(1, user_id=BEN_ID))

    async def count(viewer_id: int) -> int:
        query = SearchQuery(viewer_id, is_guild_wide=True)
        return (await job_search.search_jobs(query, guild_id=1, channel_ids={2, 3}, limit=5)).total_count

    assert (await count(BEN_ID), await count(ADA_ID)) == (1, 0)


async def test_pictures_of_open_contests_do_not_expire(
    rounds: SqlRoundStore, job_store: SqlJobStore, image_store: SqlImageStore, clock: Clock
) -> None:
    contest = make_contest()
    upload = StoredImage("ab" * 32, b"a picture")
    await rounds.add_contest(start_contest(replace(contest, source_sha256=upload.sha256)), upload)
    job = make_entry_job(1)
    await enter(job_store, job)
    await image_store.save_undelivered_image(job.id, b"an entry")

    clock.now += 10**6
    assert await image_store.delete_expired_images(1) == 0
    assert await image_store.load_source_image(upload.sha256) == upload
    await rounds.change_contest(CONTEST_ID, partial(end_contest, EndReason.CANCELLED))
    assert await image_store.delete_expired_images(1) == 2

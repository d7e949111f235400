"""Contests in the database.

A change locks the row of its contest and reads its state anew, so each happens once, whoever asks for it.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update

from bot.domain.ballots import Ballot
from bot.domain.images import StoredImage
from bot.domain.round_phases import advance_contest
from bot.domain.round_steps import RoundFacts, Step
from bot.domain.rounds import Contest, Phase, RoundEntry
from bot.storage.due_times import compute_rest
from bot.storage.gallery_rows import add_round_winners
from bot.storage.round_messages import add_messages
from bot.storage.round_rows import (
    CONTEST_ID,
    build_contest_row,
    build_entry_row,
    lock_contest,
    parse_contest,
    parse_entry,
    parse_participant,
)
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import (
    contests,
    round_ballots,
    round_entries,
    round_participants,
    round_reminders,
    source_images,
)
from bot.storage.upsert import build_insert_unless_exists
from shared.problems import RejectedError, make_problem

RECHECK_SECONDS: Final = 5.0
"""When to look again at a contest that is due although nothing about it is."""

_KEY: Final[BindParameter[Any]] = bindparam("target_key")
_UPDATE_CONTEST: Final = update(contests).where(contests.c.id == CONTEST_ID)
_UPDATE_ENTRY: Final = update(round_entries).where(round_entries.c.job_id == _KEY)
_UPDATE_PARTICIPANT: Final = update(round_participants).where(
    round_participants.c.contest_id == CONTEST_ID, round_participants.c.user_id == _KEY
)
_DELETE_BALLOTS: Final = delete(round_ballots).where(round_ballots.c.contest_id == CONTEST_ID)
_SELECT_ENTRIES: Final = (
    select(round_entries)
    .where(round_entries.c.contest_id == CONTEST_ID)
    .order_by(round_entries.c.round_number, round_entries.c.number, round_entries.c.created_at, round_entries.c.job_id)
)
_SELECT_BALLOTS: Final = select(round_ballots.c.choices).where(round_ballots.c.contest_id == CONTEST_ID)
_COUNT_REMINDERS: Final = select(func.count()).where(round_reminders.c.contest_id == CONTEST_ID)
_SELECT_PARTICIPANTS: Final = (
    select(round_participants)
    .where(round_participants.c.contest_id == CONTEST_ID)
    .order_by(round_participants.c.position)
)


class ContestChange(Protocol):
    """Changes a contest; raises `RejectedError` if it cannot."""

    def __call__(self, contest: Contest, facts: RoundFacts, now: float) -> Step: ...


class _AppliedStep(NamedTuple):
    contest: Contest
    is_counted: bool


class SqlRoundStore:
    """Stored contests and their entries. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds; `rng` draws the numbers of entries and the order of turns.
    """

    def __init__(
        self, database: Database, *, clock: Callable[[], float] = time.time, rng: random.Random | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._rng = rng or random.SystemRandom()

    async def add_contest(self, step: Step, source: StoredImage | None = None) -> bool:
        """Store a contest that `start_contest` began, and the upload that it starts from; False if it is stored."""
        contest = step.contest

        def insert_rows(connection: Connection) -> bool:
            row = build_contest_row(contest) | {"last_sequence": 0}
            if connection.execute(build_insert_unless_exists(connection, contests, row)).one_or_none() is None:
                return False
            add_messages(connection, contest.id, step.messages, self._clock())
            if source is not None:
                image = {"sha256": source.sha256, "image": source.data, "last_used_at": self._clock()}
                connection.execute(build_insert_unless_exists(connection, source_images, image))
            return True

        with translate_database_errors():
            return await self._database.run_transaction(insert_rows)

    async def find_contest(self, contest_id: str) -> Contest | None:
        """Find a contest; None if it is unknown, or another release wrote it differently."""
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(select(contests).where(contests.c.id == contest_id))).one_or_none()
        return None if row is None else parse_contest(row)

    async def find_open_contest(self, thread_id: int) -> Contest | None:
        """Find the contest that takes place in a thread, unless it has ended."""
        query = (
            select(contests)
            .where(contests.c.thread_id == thread_id, contests.c.phase != Phase.ENDED)
            .order_by(contests.c.created_at.desc())
            .limit(1)
        )
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else parse_contest(row)

    async def list_contests(self, guild_id: int, limit: int, *, is_open: bool | None = None) -> Sequence[Contest]:
        """List the contests of a guild, newest first: all, or those that are open or have ended."""
        query = select(contests).where(contests.c.guild_id == guild_id).order_by(contests.c.created_at.desc())
        if is_open is not None:
            query = query.where((contests.c.phase != Phase.ENDED) == is_open)
        async with begin_transaction(self._database) as connection:
            rows = (await connection.execute(query.limit(limit))).all()
        return [contest for row in rows if (contest := parse_contest(row))]

    async def list_due_contests(self, limit: int) -> Sequence[Contest]:
        """List contests for which there is something to do, those that have waited longest first."""
        query = select(contests).where(contests.c.due_at <= self._clock()).order_by(contests.c.due_at).limit(limit)
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda connection: connection.execute(query).all())
        return [contest for row in rows if (contest := parse_contest(row))]

    async def compute_rest(self) -> float:
        """Compute for how many seconds no contest is due; infinity if none ever is."""
        return await compute_rest(self._database, contests.c.due_at, self._clock)

    async def list_entries(
        self, contest_id: str, *, round_number: int | None = None, author_id: int | None = None
    ) -> Sequence[RoundEntry]:
        """List the entries of a contest by round and number: all, or those of a round or of an author."""
        query, key = _SELECT_ENTRIES, {CONTEST_ID.key: contest_id}
        if round_number is not None:
            query = query.where(round_entries.c.round_number == round_number)
        if author_id is not None:
            query = query.where(round_entries.c.author_id == author_id)
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda connection: connection.execute(query, key).all())
        return [parse_entry(row) for row in rows]

    async def find_entry(self, job_id: str) -> RoundEntry | None:
        """Find the entry of a job; None if it is none."""
        query = select(round_entries).where(round_entries.c.job_id == job_id)
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else parse_entry(row)

    async def advance(self, contest_id: str) -> Contest | None:
        """Do what is due for a contest; return it as it is then, None if nothing was due (any more)."""

        def advance(connection: Connection) -> _AppliedStep | None:
            now = self._clock()
            contest = lock_contest(connection, contest_id)
            if contest is None or contest.due_at is None or contest.due_at > now:
                return None
            facts = _load_facts(connection, contest_id)
            facts = replace(
                facts,
                ballots=_load_ballots(connection, contest_id),
                reminder_count=connection.execute(_COUNT_REMINDERS, {CONTEST_ID.key: contest_id}).scalar_one(),
            )
            step = advance_contest(contest, facts, now, self._rng)
            if step is None:
                step = Step(replace(contest, due_at=_get_later_due_time(contest, now)))
            return _apply_step(connection, contest, facts, step, now)

        with translate_database_errors():
            applied = await self._database.run_transaction(advance)
        return None if applied is None else await self._erase_counted_ballots(applied)

    async def change_contest(self, contest_id: str, change: ContestChange) -> Contest:
        """Change a contest. Raises `RejectedError` as `change` does, and round_unknown."""

        def apply_change(connection: Connection) -> _AppliedStep:
            now = self._clock()
            contest = lock_contest(connection, contest_id)
            if contest is None:
                raise RejectedError(make_problem("round_unknown"))
            facts = _load_facts(connection, contest_id)
            return _apply_step(connection, contest, facts, change(contest, facts, now), now)

        with translate_database_errors():
            applied = await self._database.run_transaction(apply_change)
        return await self._erase_counted_ballots(applied)

    async def _erase_counted_ballots(self, applied: _AppliedStep) -> Contest:
        """Empty SQLite's write-ahead log once ballots were counted: it has the rows that were deleted."""
        if applied.is_counted:
            await self._database.checkpoint_wal("counted ballots")
        return applied.contest


def _get_later_due_time(contest: Contest, now: float) -> float | None:
    """Return when to look again at a contest for which nothing is due."""
    if contest.deadline is None:
        return None
    return contest.deadline if contest.deadline > now else now + RECHECK_SECONDS


def _load_facts(connection: Connection, contest_id: str) -> RoundFacts:
    key = {CONTEST_ID.key: contest_id}
    return RoundFacts(
        entries=[parse_entry(row) for row in connection.execute(_SELECT_ENTRIES, key)],
        participants=[parse_participant(row) for row in connection.execute(_SELECT_PARTICIPANTS, key)],
    )


def _load_ballots(connection: Connection, contest_id: str) -> list[Ballot]:
    choices = connection.execute(_SELECT_BALLOTS, {CONTEST_ID.key: contest_id}).scalars()
    return [Ballot(tuple(json.loads(text))) for text in choices]


def _apply_step(connection: Connection, contest: Contest, facts: RoundFacts, step: Step, now: float) -> _AppliedStep:
    """Write a step whose contest is locked."""
    changed = replace(step.contest, version=contest.version + 1)
    key = {CONTEST_ID.key: contest.id}
    connection.execute(_UPDATE_CONTEST, build_contest_row(changed) | key)
    known = {entry.job_id: entry for entry in facts.entries}
    entries = [entry for entry in step.entries if known.get(entry.job_id) != entry]
    if entries:
        connection.execute(_UPDATE_ENTRY, [build_entry_row(entry) | {_KEY.key: entry.job_id} for entry in entries])
        add_round_winners(connection, contest.guild_id, (entry.job_id for entry in entries if entry.is_winner), now)
    if step.participants:
        rows = [
            {"position": member.position, "has_left": member.has_left, _KEY.key: member.user_id} | key
            for member in step.participants
        ]
        connection.execute(_UPDATE_PARTICIPANT, rows)
    add_messages(connection, contest.id, step.messages, now)
    if step.is_counted:
        connection.execute(_DELETE_BALLOTS, key)
    return _AppliedStep(changed, step.is_counted)

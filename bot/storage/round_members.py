"""Who takes turns in a relay, and who asked to be reminded before a phase ends."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from bot.domain.records import NO_USER_ID
from bot.domain.rounds import Contest, EntryState, Participant, Phase
from bot.storage.round_rows import lock_contest, parse_participant
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import (
    contests,
    round_ballots,
    round_entries,
    round_messages,
    round_participants,
    round_reminders,
)
from shared.problems import RejectedError, make_problem

PERSONAL_TABLES: Final = (round_ballots, round_participants, round_reminders)
"""The tables of contests whose rows are about one member each."""


class SqlRoundMemberStore:
    """The members of contests. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def join_relay(self, contest_id: str, user_id: int) -> bool:
        """Let a member take turns after all others; False if they do already.

        Who comes back takes turns where they did before. Raises `RejectedError` (round_over).
        """

        def join(connection: Connection) -> bool:
            _lock_relay(connection, contest_id)
            member = _find_participant(connection, contest_id, user_id)
            if member is None:
                last = select(func.coalesce(func.max(round_participants.c.position), 0)).where(
                    round_participants.c.contest_id == contest_id
                )
                position = connection.execute(last).scalar_one() + 1
                row = {"contest_id": contest_id, "user_id": user_id, "position": position, "has_left": False}
                connection.execute(insert(round_participants), row)
            elif member.has_left:
                _mark_left(connection, contest_id, user_id, has_left=False)
            return member is None or member.has_left

        with translate_database_errors():
            return await self._database.run_transaction(join)

    async def leave_relay(self, contest_id: str, user_id: int) -> bool:
        """Take no more turns; False if the member takes none. If it is their turn, the next one is due.

        Raises `RejectedError` (round_over).
        """

        def leave(connection: Connection) -> bool:
            contest = _lock_relay(connection, contest_id)
            member = _find_participant(connection, contest_id, user_id)
            if member is None or member.has_left:
                return False
            _mark_left(connection, contest_id, user_id, has_left=True)
            if contest.phase is Phase.TURN and contest.turn_user_id == user_id:
                connection.execute(update(contests).where(contests.c.id == contest_id).values(due_at=self._clock()))
            return True

        with translate_database_errors():
            return await self._database.run_transaction(leave)

    async def toggle_reminder(self, contest_id: str, user_id: int) -> bool:
        """Ask to be reminded, or no longer; return whether the member will be."""
        condition = (round_reminders.c.contest_id == contest_id) & (round_reminders.c.user_id == user_id)

        def toggle(connection: Connection) -> bool:
            lock_contest(connection, contest_id)
            if connection.execute(delete(round_reminders).where(condition)).rowcount:
                return False
            connection.execute(insert(round_reminders), {"contest_id": contest_id, "user_id": user_id})
            return True

        with translate_database_errors():
            return await self._database.run_transaction(toggle)

    async def list_reminded_members(self, contest_id: str) -> Sequence[int]:
        """List the ids of those who asked to be reminded."""
        query = (
            select(round_reminders.c.user_id)
            .where(round_reminders.c.contest_id == contest_id)
            .order_by(round_reminders.c.user_id)
        )
        with translate_database_errors():
            return await self._database.run_transaction(lambda connection: connection.execute(query).scalars().all())


def _lock_relay(connection: Connection, contest_id: str) -> Contest:
    contest = lock_contest(connection, contest_id)
    if contest is None or not contest.is_open or not contest.settings.is_relay:
        raise RejectedError(make_problem("round_over"))
    return contest


def _find_participant(connection: Connection, contest_id: str, user_id: int) -> Participant | None:
    query = select(round_participants).where(
        round_participants.c.contest_id == contest_id, round_participants.c.user_id == user_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else parse_participant(row)


def _mark_left(connection: Connection, contest_id: str, user_id: int, *, has_left: bool) -> None:
    query = update(round_participants).where(
        round_participants.c.contest_id == contest_id, round_participants.c.user_id == user_id
    )
    connection.execute(query.values(has_left=has_left))


def forget_entries(connection: Connection, user_id: int, limit: int) -> int:
    """Take a person out of entries that are not being generated; return how many.

    Their entries leave the round that is open; those of rounds that are over stay without the author.
    """
    is_own = (round_entries.c.author_id == user_id) & (round_entries.c.state != EntryState.PENDING)
    columns = round_entries.c.job_id, round_entries.c.contest_id
    rows = connection.execute(select(*columns).where(is_own).limit(limit)).all()
    is_of_open_round = exists().where(
        contests.c.id == round_entries.c.contest_id,
        contests.c.round_number == round_entries.c.round_number,
        contests.c.phase != Phase.ENDED,
    )
    is_changed = round_entries.c.job_id.in_([row.job_id for row in rows])
    are_shown = contests.c.id.in_({row.contest_id for row in rows})
    connection.execute(update(contests).where(are_shown).values(version=contests.c.version + 1))
    withdrawal = update(round_entries).where(is_changed, is_of_open_round)
    connection.execute(withdrawal.values(state=EntryState.WITHDRAWN))
    connection.execute(update(round_entries).where(is_changed).values(author_id=NO_USER_ID))
    return len(rows)


def forget_member(connection: Connection, user_id: int) -> int:
    """Delete the rows about a member of contests, and take them out of the others; their entries aside.

    Returns how many were deleted.
    """
    count = sum(
        connection.execute(delete(table).where(table.c.user_id == user_id)).rowcount for table in PERSONAL_TABLES
    )
    connection.execute(update(round_messages).where(round_messages.c.user_id == user_id).values(user_id=None))
    connection.execute(update(contests).where(contests.c.host_id == user_id).values(host_id=NO_USER_ID))
    connection.execute(update(contests).where(contests.c.turn_user_id == user_id).values(turn_user_id=None))
    return count

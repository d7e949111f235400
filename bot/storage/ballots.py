"""Ballots: the only place that links members to their choices, which are never logged, and deleted when counted."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection, Delete, delete, insert, select

from bot.domain.ballots import Ballot, get_max_choices, list_candidates, validate_choices
from bot.domain.rounds import VOTING_PHASES, Contest, Phase, RoundEntry
from bot.storage.round_rows import lock_contest, parse_entry
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import round_ballots, round_entries
from shared.problems import RejectedError, make_problem

MAX_KEPT_VOTES: Final = 8


class SqlBallotStore:
    """The ballots of open votes. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds. The candidates of the latest votes are kept until their contests change: hundreds of
    members ask for those of hundreds of entries within a minute.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._candidates: dict[tuple[str, int], Sequence[RoundEntry]] = {}

    async def save_ballot(
        self, contest_id: str, user_id: int, choices: Sequence[int], *, phase: Phase, round_number: int
    ) -> None:
        """Store a member's choices, numbers of entries with the best first, in place of earlier ones.

        `phase` and `round_number` are those of the vote that they were asked for. Raises `RejectedError`:
        round_vote_over, ballot_choices, ballot_own_entry.
        """

        def replace_ballot(connection: Connection) -> None:
            contest = lock_contest(connection, contest_id)
            if contest is None or not self._is_voting(contest, phase, round_number):
                raise RejectedError(make_problem("round_vote_over"))
            candidates = _load_candidates(connection, contest, choices)
            ballot = validate_choices(choices, candidates, user_id=user_id, max_choices=get_max_choices(contest))
            connection.execute(_delete_ballot(contest_id, user_id))
            row = {"contest_id": contest_id, "user_id": user_id, "choices": json.dumps(ballot.choices)}
            connection.execute(insert(round_ballots), row)

        with translate_database_errors():
            await self._database.run_transaction(replace_ballot)

    async def delete_ballot(self, contest_id: str, user_id: int) -> None:
        """Delete a member's ballot, if there is one."""
        with translate_database_errors():
            await self._database.run_transaction(
                lambda connection: connection.execute(_delete_ballot(contest_id, user_id))
            )

    async def load_ballot(self, contest_id: str, user_id: int) -> Ballot | None:
        """Load a member's own ballot in the open vote, None if they have not voted."""
        query = select(round_ballots.c.choices).where(
            round_ballots.c.contest_id == contest_id, round_ballots.c.user_id == user_id
        )
        with translate_database_errors():
            text = await self._database.run_transaction(lambda connection: connection.execute(query).scalar())
        return None if text is None else Ballot(tuple(json.loads(text)))

    async def list_candidates(self, contest: Contest) -> Sequence[RoundEntry]:
        """List the entries that can be chosen in the vote, by number."""
        key = (contest.id, contest.version)
        if key not in self._candidates:
            with translate_database_errors():
                found = await self._database.run_transaction(lambda connection: _load_candidates(connection, contest))
            self._candidates[key] = found
            while len(self._candidates) > MAX_KEPT_VOTES:
                del self._candidates[next(iter(self._candidates))]
            return found
        return self._candidates[key]

    def _is_voting(self, contest: Contest, phase: Phase, round_number: int) -> bool:
        is_same_vote = (contest.phase, contest.round_number) == (phase, round_number)
        return phase in VOTING_PHASES and is_same_vote and contest.has_time_left(self._clock())


def _load_candidates(
    connection: Connection, contest: Contest, numbers: Sequence[int] | None = None
) -> list[RoundEntry]:
    """Load the candidates, or only those among `numbers`; in a runoff all, as their points decide who they are."""
    query = select(round_entries).where(
        round_entries.c.contest_id == contest.id, round_entries.c.round_number == contest.round_number
    )
    if numbers is not None and contest.phase is not Phase.RUNOFF:
        query = query.where(round_entries.c.number.in_(numbers))
    return list_candidates(contest, [parse_entry(row) for row in connection.execute(query)])


def _delete_ballot(contest_id: str, user_id: int) -> Delete:
    return delete(round_ballots).where(round_ballots.c.contest_id == contest_id, round_ballots.c.user_id == user_id)

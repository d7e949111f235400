"""Contests and entries to test with."""

from typing import Any

from bot.domain.rounds import Contest, ContestSettings, EntryState, RoundEntry
from shared.job import EntryRef, Job
from tests.support.builders import ADA_ID, NOON, make_job_by

HOST_ID = 44
CONTEST_ID = "1300000000000000000"


def make_contest(contest_id: str = CONTEST_ID, **settings: Any) -> Contest:
    """Make a contest that starts at noon; entering takes 100 s, a vote 60 s, a turn 30 s."""
    defaults: dict[str, Any] = {"theme": "a castle", "entry_seconds": 100, "vote_seconds": 60, "turn_seconds": 30}
    return Contest(
        id=contest_id,
        guild_id=1,
        channel_id=2,
        thread_id=3,
        host_id=HOST_ID,
        locale="en-US",
        settings=ContestSettings(**defaults | settings),
        created_at=NOON,
        round_started_at=NOON,
    )


def make_entry(number: int, *, author_id: int | None = None, **changes: Any) -> RoundEntry:
    """Make an entry that was entered, with this number."""
    fields: dict[str, Any] = {"state": EntryState.ENTERED, "number": number, "round_number": 1} | changes
    return RoundEntry(
        job_id=str(number), contest_id=CONTEST_ID, author_id=author_id or 100 + number, created_at=NOON, **fields
    )


def make_entry_job(
    number: int, *, user_id: int = ADA_ID, contest_id: str = CONTEST_ID, round_number: int = 1, **ref: Any
) -> Job:
    """Make a job that is an entry of a contest."""
    entry = EntryRef(contest_id=contest_id, round_number=round_number, **ref)
    return make_job_by(number, user_id=user_id).model_copy(update={"entry": entry})

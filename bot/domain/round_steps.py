"""A change of a contest: its new state, the entries that change with it, and the messages that tell of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.ballots import Ballot
from bot.domain.rounds import Contest, MessageKind, Participant, RoundEntry


@dataclass(frozen=True)
class NewMessage:
    """A message that a step adds to those to be sent."""

    kind: MessageKind
    round_number: int
    page: int = 0
    user_id: int | None = None
    job_id: str | None = None


@dataclass(frozen=True)
class RoundFacts:
    """All that a step depends on besides the contest.

    These are the entries and participants of all rounds, the ballots of the open vote, and how many members asked to be
    reminded.
    """

    entries: Sequence[RoundEntry] = ()
    ballots: Sequence[Ballot] = ()
    participants: Sequence[Participant] = ()
    reminder_count: int = 0


@dataclass(frozen=True)
class Step:
    """A change of a contest, the entries that change with it, and the messages that tell of it.

    `is_counted`: the ballots of the vote are counted and no longer needed.
    """

    contest: Contest
    entries: Sequence[RoundEntry] = ()
    participants: Sequence[Participant] = ()
    messages: Sequence[NewMessage] = ()
    is_counted: bool = False


def join_steps(first: Step, second: Step) -> Step:
    """Return both steps as one."""
    return Step(
        second.contest,
        [*first.entries, *second.entries],
        [*first.participants, *second.participants],
        [*first.messages, *second.messages],
        first.is_counted or second.is_counted,
    )

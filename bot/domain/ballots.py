"""Counting ballots.

Each ballot ranks up to as many entries as the contest allows: with three, the first choice counts three points, the
second two, the third one (a Borda count, https://en.wikipedia.org/wiki/Borda_count); with one, it counts one point.
Entries that were withdrawn or disqualified get nothing, and the choices after them keep their points.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bot.domain.rounds import Contest, EntryState, Phase, RoundEntry
from shared.problems import RejectedError, make_problem

_ENTERED: Final = EntryState.ENTERED


@dataclass(frozen=True)
class Ballot:
    """The choices of one member, best first, as numbers of entries. No representation of it shows them."""

    choices: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class Score:
    """What a member has won in a contest: rounds, and points in all rounds."""

    user_id: int
    wins: int
    points: int


def get_max_choices(contest: Contest) -> int:
    """Return how many entries a ballot may name: in a runoff, one."""
    return 1 if contest.phase is Phase.RUNOFF else contest.settings.max_choices


def list_candidates(contest: Contest, entries: Iterable[RoundEntry]) -> list[RoundEntry]:
    """Return the entries that can be chosen in the vote, by number: in a runoff, those that are tied."""
    entered = [entry for entry in entries if (entry.round_number, entry.state) == (contest.round_number, _ENTERED)]
    candidates = find_leaders(entered) if contest.phase is Phase.RUNOFF else entered
    return sorted(candidates, key=lambda entry: entry.number or 0)


def validate_choices(
    choices: Sequence[int], entries: Sequence[RoundEntry], *, user_id: int, max_choices: int
) -> Ballot:
    """Return the ballot of a member. Raises `RejectedError`: ballot_choices, ballot_own_entry."""
    by_number = {entry.number: entry for entry in entries if entry.state is _ENTERED}
    is_valid = 1 <= len(choices) <= max_choices and len(set(choices)) == len(choices)
    if not is_valid or not all(number in by_number for number in choices):
        raise RejectedError(make_problem("ballot_choices", limit=max_choices))
    if any(by_number[number].author_id == user_id for number in choices):
        raise RejectedError(make_problem("ballot_own_entry"))
    return Ballot(tuple(choices))


def count_ballots(entries: Sequence[RoundEntry], ballots: Iterable[Ballot], max_choices: int) -> list[RoundEntry]:
    """Return the entries with their points and the number of ballots that name them."""
    points: Counter[int] = Counter()
    mentions: Counter[int] = Counter()
    for ballot in ballots:
        for rank, number in enumerate(ballot.choices[:max_choices]):
            points[number] += max_choices - rank
            mentions[number] += 1
    return [
        replace(entry, points=points[entry.number], ballots=mentions[entry.number])
        if entry.state is _ENTERED and entry.number is not None
        else replace(entry, points=0, ballots=0)
        for entry in entries
    ]


def find_leaders(entries: Iterable[RoundEntry]) -> list[RoundEntry]:
    """Return the entries with the most points, in the order of their numbers; none if nobody voted."""
    entered = [entry for entry in entries if entry.state is _ENTERED and entry.points > 0]
    best = max((entry.points for entry in entered), default=0)
    return sorted((entry for entry in entered if entry.points == best), key=lambda entry: entry.number or 0)


def build_score_table(entries: Iterable[RoundEntry]) -> list[Score]:
    """Return the scores of all authors of entries that were shown, best first: by rounds won, then by points."""
    wins: Counter[int] = Counter()
    points: Counter[int] = Counter()
    for entry in entries:
        if entry.state is _ENTERED and entry.author_id:
            wins[entry.author_id] += entry.is_winner
            points[entry.author_id] += entry.points
    scores = [Score(user_id, wins[user_id], points[user_id]) for user_id in points]
    return sorted(scores, key=lambda score: (-score.wins, -score.points, score.user_id))

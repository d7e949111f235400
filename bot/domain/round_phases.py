"""What follows on what in a contest: pure functions from its state and the time to its next state.

    open call: entering ─▶ closing ─▶ voting ─▶ (runoff or deciding) ─▶ result ─▶ entering of the next round … ─▶ ended
    relay:     entering ─▶ turn ─▶ turn … ─▶ ended

Nothing here waits: the leading bot calls `advance_contest` for the contests whose `due_at` has come. A round without
entries ends the contest; one with a single entry has no vote; if nobody votes, nobody wins and the next round starts
from the same picture. Of several winners, the one with the lowest number is the source of the next round. A runoff
that is tied again, and a tie on which no moderator decided in time, is shared.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.domain.ballots import Ballot, count_ballots, find_leaders
from bot.domain.round_steps import NewMessage, RoundFacts, Step, join_steps
from bot.domain.rounds import (
    Contest,
    EndReason,
    EntryState,
    MessageKind,
    Participant,
    Phase,
    RoundEntry,
    TieRule,
)
from bot.domain.turns import find_next_participant, list_turn_order

CLOSING_LIMIT_SECONDS: Final = 600.0
"""How long the vote waits for entries whose jobs have not ended; those that come later are too late."""

DECIDING_SECONDS: Final = 86400.0
MAX_REMINDER_SECONDS: Final = 3600.0
REMINDED_PER_MESSAGE: Final = 50
QUICK_MESSAGES: Final = 5
"""Discord lets five messages in five seconds into a channel; the vote lasts as much longer as showing entries takes."""

ENTRIES_PER_MESSAGE: Final = 10
"""Discord's limit for a gallery: https://discord.com/developers/docs/components/reference#media-gallery"""


def get_entry_page(entry: RoundEntry) -> int:
    """Return which of the messages that show the entries of a round shows this one, from 0."""
    return ((entry.number or 1) - 1) // ENTRIES_PER_MESSAGE


def start_contest(contest: Contest) -> Step:
    """Begin the first round at `created_at`."""
    return _begin_round(contest, contest.created_at)


def advance_contest(contest: Contest, facts: RoundFacts, now: float, rng: random.Random) -> Step | None:
    """Return what is due at this time; None if it is nothing."""
    if contest.deadline is None:
        return None
    if contest.phase is Phase.TURN:
        return _advance_turn(contest, facts, now)
    if now < contest.deadline and contest.phase is not Phase.CLOSING:
        return _remind(contest, facts.reminder_count, now)
    return _end_phase(contest, facts, now, rng)


def _end_phase(contest: Contest, facts: RoundFacts, now: float, rng: random.Random) -> Step | None:
    entries = [entry for entry in facts.entries if entry.round_number == contest.round_number]
    match contest.phase:
        case Phase.ENTERING if contest.settings.is_relay:
            return _start_relay(contest, facts.participants, now, rng)
        case Phase.ENTERING | Phase.CLOSING:
            return _close_entering(contest, entries, now, rng)
        case Phase.VOTING:
            return _count_vote(contest, entries, facts.ballots, now)
        case Phase.RUNOFF:
            return _count_runoff(contest, entries, facts.ballots, now)
        case _:
            return announce_winners(contest, entries, find_leaders(entries), now)


def _begin_round(contest: Contest, now: float) -> Step:
    begun = _enter_phase(replace(contest, round_started_at=now), Phase.ENTERING, now, contest.settings.entry_seconds)
    return Step(begun, messages=[NewMessage(MessageKind.ENTERING, begun.round_number)])


def _enter_phase(contest: Contest, phase: Phase, now: float, seconds: float) -> Contest:
    begun = replace(contest, phase=phase, deadline=now + seconds, is_reminded=False)
    return replace(begun, due_at=get_due_time(begun, now))


def end(contest: Contest, reason: EndReason) -> Contest:
    return replace(
        contest, phase=Phase.ENDED, end_reason=reason, deadline=None, due_at=None, turn_user_id=None, is_reminded=False
    )


def get_due_time(contest: Contest, now: float) -> float | None:
    """Return when the reminder of the phase is due, or when it ends: the former an hour or a fifth of it before."""
    if contest.deadline is None or contest.is_reminded or contest.phase not in {Phase.ENTERING, Phase.VOTING}:
        return contest.deadline
    return contest.deadline - min(MAX_REMINDER_SECONDS, (contest.deadline - now) / 5)


def _remind(contest: Contest, count: int, now: float) -> Step | None:
    if contest.is_reminded or contest.due_at is None or now < contest.due_at:
        return None
    reminded = replace(contest, is_reminded=True, due_at=contest.deadline)
    pages = range(-(-count // REMINDED_PER_MESSAGE))
    return Step(reminded, messages=[NewMessage(MessageKind.REMINDER, contest.round_number, page) for page in pages])


def _close_entering(contest: Contest, entries: Sequence[RoundEntry], now: float, rng: random.Random) -> Step | None:
    """End the entering of an open call: wait for running jobs for a while, then show the entries and let vote."""
    pending = [entry for entry in entries if entry.state is EntryState.PENDING]
    if pending and contest.phase is Phase.ENTERING:
        return Step(_enter_phase(contest, Phase.CLOSING, now, CLOSING_LIMIT_SECONDS))
    if pending and contest.has_time_left(now):
        return Step(replace(contest, due_at=contest.deadline))
    late = [replace(entry, state=EntryState.FAILED) for entry in pending]
    entered = _assign_numbers([entry for entry in entries if entry.state is EntryState.ENTERED], rng)
    changed = [*late, *entered]
    if not entered:
        return join_steps(Step(contest, changed), _end_without_entries(contest))
    pages = range(-(-len(entered) // ENTRIES_PER_MESSAGE) if contest.settings.shows_entries_at_once else 0)
    shown = [NewMessage(MessageKind.ENTRIES, contest.round_number, page) for page in pages]
    if len(entered) == 1:
        return join_steps(Step(contest, changed, messages=shown), announce_winners(contest, entered, entered, now))
    seconds_until_shown = max(0, len(shown) - QUICK_MESSAGES)
    voting = _enter_phase(contest, Phase.VOTING, now, contest.settings.vote_seconds + seconds_until_shown)
    return Step(voting, changed, messages=[*shown, NewMessage(MessageKind.VOTING, contest.round_number)])


def _assign_numbers(entries: Sequence[RoundEntry], rng: random.Random) -> list[RoundEntry]:
    """Number those entries that have no number yet, in a random order: it must not tell who entered first."""
    last = max((entry.number or 0 for entry in entries), default=0)
    unnumbered = [entry for entry in entries if entry.number is None]
    rng.shuffle(unnumbered)
    numbered = [replace(entry, number=number) for number, entry in enumerate(unnumbered, last + 1)]
    return [*(entry for entry in entries if entry.number is not None), *numbered]


def _count_vote(contest: Contest, entries: Sequence[RoundEntry], ballots: Iterable[Ballot], now: float) -> Step:
    counted = count_ballots(entries, ballots, contest.settings.max_choices)
    leaders = find_leaders(counted)
    number = contest.round_number
    if len(leaders) > 1 and contest.settings.tie_rule is TieRule.RUNOFF:
        runoff = _enter_phase(contest, Phase.RUNOFF, now, contest.settings.vote_seconds)
        return Step(runoff, counted, messages=[NewMessage(MessageKind.RUNOFF, number)], is_counted=True)
    if len(leaders) > 1 and contest.settings.tie_rule is TieRule.MODERATOR:
        deciding = _enter_phase(contest, Phase.DECIDING, now, DECIDING_SECONDS)
        return Step(deciding, counted, messages=[NewMessage(MessageKind.DECIDING, number)], is_counted=True)
    return announce_winners(contest, counted, leaders, now)


def _count_runoff(contest: Contest, entries: Sequence[RoundEntry], ballots: Iterable[Ballot], now: float) -> Step:
    """Let those win that lead in the runoff; the points of the first vote remain."""
    leaders = find_leaders(entries)
    ahead = {entry.job_id for entry in find_leaders(count_ballots(leaders, ballots, 1))}
    winners = [entry for entry in leaders if entry.job_id in ahead] or leaders
    return announce_winners(contest, entries, winners, now)


def announce_winners(
    contest: Contest, entries: Sequence[RoundEntry], winners: Sequence[RoundEntry], now: float
) -> Step:
    """Announce the result, and begin the next round from the first winner's picture or end the contest."""
    winner_ids = {entry.job_id for entry in winners}
    changed = [replace(entry, is_winner=entry.job_id in winner_ids) for entry in entries]
    messages = [NewMessage(MessageKind.RESULT, contest.round_number)]
    if winners:
        contest = replace(contest, source_job_id=winners[0].job_id)
    announced = Step(contest, changed, messages=messages, is_counted=True)
    if contest.round_number >= contest.settings.rounds:
        return join_steps(announced, _finish(contest))
    return join_steps(announced, _begin_round(replace(contest, round_number=contest.round_number + 1), now))


def _finish(contest: Contest) -> Step:
    strip = NewMessage(MessageKind.CLOSING_STRIP, contest.round_number)
    return Step(end(contest, EndReason.FINISHED), messages=[strip])


def _end_without_entries(contest: Contest) -> Step:
    """End a contest to which nobody contributed to the round; what came of earlier rounds is shown."""
    ended = Step(end(contest, EndReason.NO_ENTRIES), messages=[NewMessage(MessageKind.ENDED, contest.round_number)])
    if contest.round_number == 1:
        return ended
    return replace(ended, messages=[*ended.messages, NewMessage(MessageKind.CLOSING_STRIP, contest.round_number)])


def _start_relay(contest: Contest, participants: Sequence[Participant], now: float, rng: random.Random) -> Step:
    order = list_turn_order(participants, contest.settings.turn_order, rng)
    return join_steps(Step(contest, participants=order), _begin_next_turn(contest, order, now))


def _advance_turn(contest: Contest, facts: RoundFacts, now: float) -> Step | None:
    """Go on when the picture of the turn is there, when the time is over, or when the participant has left."""
    in_turn = [entry for entry in facts.entries if entry.number == contest.turn_number]
    for entry in in_turn:
        if entry.state is EntryState.ENTERED:
            shown = NewMessage(MessageKind.ENTRY, contest.round_number, user_id=entry.author_id, job_id=entry.job_id)
            moved = replace(contest, source_job_id=entry.job_id)
            return join_steps(Step(moved, messages=[shown]), _begin_next_turn(moved, facts.participants, now))
    pending = [entry for entry in in_turn if entry.state is EntryState.PENDING]
    has_left = any(member.user_id == contest.turn_user_id and member.has_left for member in facts.participants)
    deadline = contest.deadline or now
    if pending and now < deadline + CLOSING_LIMIT_SECONDS:
        is_waiting = now >= deadline
        return Step(replace(contest, due_at=deadline + CLOSING_LIMIT_SECONDS)) if is_waiting else None
    if now < deadline and not has_left:
        return None
    late = [replace(entry, state=EntryState.FAILED) for entry in pending]
    return join_steps(Step(contest, late), _begin_next_turn(contest, facts.participants, now))


def _begin_next_turn(contest: Contest, participants: Sequence[Participant], now: float) -> Step:
    """Give the turn to the next participant; the first one again begins the next round."""
    following = find_next_participant(participants, contest.turn_user_id)
    if following is None:
        return _end_without_entries(contest) if contest.turn_number == 0 else _finish(contest)
    participant, is_new_round = following
    round_number = contest.round_number + is_new_round
    if round_number > contest.settings.rounds:
        return _finish(contest)
    turn = replace(
        contest, round_number=round_number, turn_number=contest.turn_number + 1, turn_user_id=participant.user_id
    )
    turn = _enter_phase(turn, Phase.TURN, now, contest.settings.turn_seconds)
    return Step(turn, messages=[NewMessage(MessageKind.TURN, round_number, user_id=participant.user_id)])

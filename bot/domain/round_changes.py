"""What hosts, moderators and authors change about a contest. Each function raises `RejectedError` if it cannot.

With its first arguments bound, each is a change for `bot.storage.rounds`.
"""

from dataclasses import replace

from bot.domain.ballots import find_leaders
from bot.domain.round_phases import announce_winners, end, get_due_time
from bot.domain.round_steps import NewMessage, RoundFacts, Step
from bot.domain.rounds import Contest, EndReason, EntryState, MessageKind, Phase, RoundEntry
from shared.problems import RejectedError, make_problem


def extend_phase(seconds: float, contest: Contest, facts: RoundFacts, now: float) -> Step:
    """Postpone the deadline. Raises `RejectedError` (round_phase_over) once it has come."""
    del facts
    later = replace(contest, deadline=_require_deadline(contest, now) + seconds)
    return Step(replace(later, due_at=get_due_time(later, now)))


def close_phase(contest: Contest, facts: RoundFacts, now: float) -> Step:
    """End the phase now. Raises `RejectedError` (round_phase_over) if it is ending anyway."""
    del facts
    _require_deadline(contest, now)
    return Step(replace(contest, deadline=now, due_at=now))


def end_contest(reason: EndReason, contest: Contest, facts: RoundFacts, now: float) -> Step:
    """End a contest before its time. Jobs of entries that still run are cancelled by the leading bot.

    Raises `RejectedError` (round_over).
    """
    del facts
    if not contest.is_open:
        raise RejectedError(make_problem("round_over"))
    kind = MessageKind.CHANNEL_GONE if reason is EndReason.CHANNEL_GONE else MessageKind.ENDED
    ended = replace(end(contest, reason), due_at=now)
    return Step(ended, messages=[NewMessage(kind, contest.round_number)], is_counted=True)


def decide_tie(number: int, contest: Contest, facts: RoundFacts, now: float) -> Step:
    """Let the entry with this number win a tie. Raises `RejectedError`: round_phase_over, round_entry_unknown."""
    if contest.phase is not Phase.DECIDING:
        raise RejectedError(make_problem("round_phase_over"))
    entries = _list_entries(contest, facts)
    winners = [entry for entry in find_leaders(entries) if entry.number == number]
    if not winners:
        raise RejectedError(make_problem("round_entry_unknown"))
    return announce_winners(contest, entries, winners, now)


def withdraw_entry(author_id: int, job_id: str, contest: Contest, facts: RoundFacts, now: float) -> Step:
    """Take an entry back while members enter. Its job is to be cancelled if it has not ended.

    Raises `RejectedError`: round_phase_over, round_entry_unknown.
    """
    if contest.phase is not Phase.ENTERING or not contest.has_time_left(now):
        raise RejectedError(make_problem("round_phase_over"))
    entry = _require_entry(contest, facts, job_id)
    if entry.author_id != author_id:
        raise RejectedError(make_problem("round_entry_unknown"))
    return Step(contest, [replace(entry, state=EntryState.WITHDRAWN)])


def disqualify_entry(job_id: str, reason: str, contest: Contest, facts: RoundFacts, now: float) -> Step:
    """Take an entry of this round out of the contest; the next one of a relay starts from the picture before it.

    Raises `RejectedError`: round_over, round_entry_unknown.
    """
    if not contest.is_open:
        raise RejectedError(make_problem("round_over"))
    entry = _require_entry(contest, facts, job_id)
    remaining = [other for other in _list_entries(contest, facts) if other.job_id != job_id]
    if contest.phase in {Phase.RUNOFF, Phase.DECIDING} and len(find_leaders(remaining)) <= 1:
        contest = replace(contest, deadline=now, due_at=now)
    if contest.source_job_id == job_id:
        earlier = [other for other in facts.entries if other.state is EntryState.ENTERED and other.job_id != job_id]
        last = max(earlier, key=lambda other: other.number or 0, default=None)
        contest = replace(contest, source_job_id=last.job_id if last else None)
    return Step(contest, [replace(entry, state=EntryState.DISQUALIFIED, reason=reason)])


def _require_deadline(contest: Contest, now: float) -> float:
    if contest.deadline is None or contest.phase is Phase.CLOSING or now >= contest.deadline:
        raise RejectedError(make_problem("round_phase_over"))
    return contest.deadline


def _require_entry(contest: Contest, facts: RoundFacts, job_id: str) -> RoundEntry:
    for entry in _list_entries(contest, facts):
        if entry.job_id == job_id and entry.is_active:
            return entry
    raise RejectedError(make_problem("round_entry_unknown"))


def _list_entries(contest: Contest, facts: RoundFacts) -> list[RoundEntry]:
    return [entry for entry in facts.entries if entry.round_number == contest.round_number]

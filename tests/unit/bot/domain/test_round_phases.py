"""What follows on what in a contest."""

import random
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ballots import Ballot
from bot.domain.round_changes import close_phase, decide_tie, disqualify_entry, end_contest, extend_phase
from bot.domain.round_phases import CLOSING_LIMIT_SECONDS, DECIDING_SECONDS, advance_contest, start_contest
from bot.domain.round_steps import RoundFacts, Step
from bot.domain.rounds import (
    Contest,
    ContestFormat,
    EndReason,
    EntryState,
    MessageKind,
    Participant,
    Phase,
    RoundEntry,
    TieRule,
    TurnOrder,
)
from shared.problems import RejectedError
from tests.support.builders import NOON
from tests.support.rounds import make_contest, make_entry

RNG = random.Random(7)
NOBODY = RoundFacts()
ACTIVE = {EntryState.PENDING, EntryState.ENTERED}


def begin(**settings: Any) -> Contest:
    return start_contest(make_contest(**settings)).contest


def advance(contest: Contest, facts: RoundFacts, now: float) -> Step:
    step = advance_contest(contest, facts, now, RNG)
    assert step is not None
    return step


def list_kinds(step: Step) -> list[MessageKind]:
    return [message.kind for message in step.messages]


def vote(*ballots: tuple[int, ...]) -> list[Ballot]:
    return [Ballot(choices) for choices in ballots]


def hold_vote(contest: Contest, entries: list[RoundEntry], *ballots: tuple[int, ...]) -> Step:
    """Let a round of numbered entries be entered and voted on."""
    voting = advance(contest, RoundFacts(entries), NOON + 100).contest
    return advance(voting, RoundFacts(entries, vote(*ballots)), NOON + 160)


def test_an_entering_that_is_not_over_only_sends_its_reminder_once() -> None:
    contest = begin()
    assert advance_contest(contest, NOBODY, NOON + 79, RNG) is None

    step = advance(contest, RoundFacts(reminder_count=51), NOON + 80)

    assert list_kinds(step) == [MessageKind.REMINDER] * 2
    assert advance(contest, NOBODY, NOON + 80).messages == []
    assert step.contest.due_at == step.contest.deadline == NOON + 100
    assert advance_contest(step.contest, NOBODY, NOON + 99, RNG) is None


def test_entries_are_shown_ten_to_a_message_under_numbers_that_do_not_tell_who_came_first() -> None:
    entries = [replace(make_entry(n), number=None) for n in range(1, 22)]

    step = advance(begin(), RoundFacts(entries), NOON + 100)

    assert (step.contest.phase, step.contest.deadline) == (Phase.VOTING, NOON + 160)
    assert list_kinds(step) == [*[MessageKind.ENTRIES] * 3, MessageKind.VOTING]
    numbers = [entry.number for entry in sorted(step.entries, key=lambda entry: int(entry.job_id))]
    assert sorted(numbers, key=lambda number: number or 0) == list(range(1, 22)) != numbers


def test_the_vote_lasts_as_much_longer_as_showing_many_entries_takes() -> None:
    step = advance(begin(), RoundFacts([make_entry(number) for number in range(1, 501)]), NOON + 100)

    assert step.contest.deadline == NOON + 160 + 45


def test_the_vote_waits_for_running_jobs_and_leaves_out_those_that_come_too_late() -> None:
    entries = [make_entry(1), make_entry(2), replace(make_entry(3, state=EntryState.PENDING), number=None)]
    closing = advance(begin(), RoundFacts(entries), NOON + 100).contest
    end = NOON + 100 + CLOSING_LIMIT_SECONDS
    assert (closing.phase, closing.due_at) == (Phase.CLOSING, end)

    complete = [*entries[:2], replace(entries[2], state=EntryState.ENTERED)]
    early = advance(closing, RoundFacts(complete), NOON + 110)
    late = advance(closing, RoundFacts(entries), end)

    assert early.contest.phase is late.contest.phase is Phase.VOTING
    assert {entry.number for entry in early.entries} == {1, 2, 3}
    assert [entry.job_id for entry in late.entries if entry.state is EntryState.FAILED] == ["3"]


def test_the_winner_is_the_source_of_the_next_round_and_the_last_result_is_followed_by_the_strip() -> None:
    entries = [make_entry(1), make_entry(2)]
    step = hold_vote(begin(rounds=2), entries, (2, 1), (2,), (1, 2))
    assert list_kinds(step) == [MessageKind.RESULT, MessageKind.ENTERING]
    assert (step.contest.phase, step.contest.round_number, step.contest.source_job_id) == (Phase.ENTERING, 2, "2")
    assert [(entry.points, entry.ballots, entry.is_winner) for entry in step.entries] == [(5, 2, False), (8, 3, True)]
    assert step.is_counted

    last = hold_vote(begin(rounds=1), entries, (1,))

    assert list_kinds(last) == [MessageKind.RESULT, MessageKind.CLOSING_STRIP]
    assert (last.contest.end_reason, last.contest.deadline, last.contest.due_at) == (EndReason.FINISHED, None, None)


def test_nobody_wins_where_nobody_votes_and_a_single_entry_wins_without_a_vote() -> None:
    nobody = hold_vote(replace(begin(rounds=2), source_job_id="9"), [make_entry(1), make_entry(2)])
    single = advance(begin(rounds=2), RoundFacts([make_entry(1)]), NOON + 100)

    assert not any(entry.is_winner for entry in nobody.entries)
    assert nobody.contest.source_job_id == "9"
    assert (single.contest.source_job_id, single.contest.round_number) == ("1", 2)


def test_a_round_without_entries_ends_the_contest_and_an_evening_still_gets_its_strip() -> None:
    first = advance(begin(rounds=2), NOBODY, NOON + 100)
    second = advance(replace(begin(rounds=2), round_number=2), RoundFacts([make_entry(1)]), NOON + 100)

    assert first.contest.end_reason is second.contest.end_reason is EndReason.NO_ENTRIES
    assert list_kinds(first) == [MessageKind.ENDED]
    assert list_kinds(second) == [MessageKind.ENDED, MessageKind.CLOSING_STRIP]


def test_a_tie_is_shared_decided_by_a_runoff_or_by_a_moderator() -> None:
    entries = [make_entry(1), make_entry(2), make_entry(3)]
    tie = [(1,), (2,)]

    shared = hold_vote(begin(rounds=2), entries, *tie)
    assert [entry.is_winner for entry in shared.entries] == [True, True, False]
    assert shared.contest.source_job_id == "1"

    runoff = hold_vote(begin(tie_rule=TieRule.RUNOFF), entries, *tie)
    assert (runoff.contest.phase, list_kinds(runoff)) == (Phase.RUNOFF, [MessageKind.RUNOFF])
    second = advance(runoff.contest, RoundFacts(runoff.entries, vote((2,), (3,))), NOON + 220)
    assert [entry.is_winner for entry in second.entries] == [False, True, False]

    deciding = hold_vote(begin(tie_rule=TieRule.MODERATOR), entries, *tie)
    facts = RoundFacts(deciding.entries)
    assert list_kinds(deciding) == [MessageKind.DECIDING]
    with pytest.raises(RejectedError, match="round_entry_unknown"):
        decide_tie(3, deciding.contest, facts, NOON + 200)
    assert [entry.is_winner for entry in decide_tie(2, deciding.contest, facts, NOON + 200).entries][1]
    undecided = advance(deciding.contest, facts, NOON + 160 + DECIDING_SECONDS)
    assert [entry.is_winner for entry in undecided.entries] == [True, True, False]


def test_a_tie_of_which_all_but_one_are_disqualified_is_decided() -> None:
    deciding = hold_vote(begin(tie_rule=TieRule.MODERATOR), [make_entry(1), make_entry(2)], (1,), (2,))

    step = disqualify_entry("1", "traced", deciding.contest, RoundFacts(deciding.entries), NOON + 170)
    entries = [*step.entries, *(entry for entry in deciding.entries if entry.job_id != "1")]
    decided = advance(step.contest, RoundFacts(entries), NOON + 170)

    assert step.entries[0].reason == "traced"
    assert decided.contest.source_job_id == "2"


def test_a_phase_can_be_extended_and_closed_until_it_is_over() -> None:
    contest = begin()

    extended = extend_phase(60, contest, NOBODY, NOON + 99).contest
    closed = close_phase(contest, NOBODY, NOON + 20).contest

    assert extended.deadline == NOON + 160
    assert (closed.deadline, closed.due_at) == (NOON + 20, NOON + 20)
    for change in (partial(extend_phase, 60), close_phase):
        with pytest.raises(RejectedError, match="round_phase_over"):
            change(contest, NOBODY, NOON + 100)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [(EndReason.CANCELLED, MessageKind.ENDED), (EndReason.CHANNEL_GONE, MessageKind.CHANNEL_GONE)],
)
def test_a_contest_ends_once_and_its_running_jobs_are_seen_to(reason: EndReason, kind: MessageKind) -> None:
    step = end_contest(reason, begin(), NOBODY, NOON + 5)

    assert (list_kinds(step), step.contest.due_at, step.contest.deadline) == ([kind], NOON + 5, None)
    with pytest.raises(RejectedError, match="round_over"):
        end_contest(reason, step.contest, NOBODY, NOON + 6)


def test_turns_go_round_skip_those_who_run_out_of_time_or_leave_and_start_from_the_last_picture() -> None:
    members = [Participant(user_id, position) for position, user_id in enumerate((11, 12, 13), 1)]
    contest = begin(format=ContestFormat.RELAY, rounds=2, turn_order=TurnOrder.JOINED)
    contest = advance(contest, RoundFacts(participants=members), NOON + 100).contest
    assert (contest.turn_user_id, contest.turn_number, contest.deadline) == (11, 1, NOON + 130)

    entry = make_entry(1, author_id=11)
    step = advance(contest, RoundFacts([entry], participants=members), NOON + 110)
    assert list_kinds(step) == [MessageKind.ENTRY, MessageKind.TURN]
    assert (step.contest.turn_user_id, step.contest.source_job_id) == (12, "1")

    members[1] = replace(members[1], has_left=True)
    left = advance(step.contest, RoundFacts([entry], participants=members), NOON + 111).contest
    assert (left.turn_user_id, left.source_job_id, left.round_number) == (13, "1", 1)
    again = advance(left, RoundFacts([entry], participants=members), NOON + 141).contest
    assert (again.turn_user_id, again.round_number, again.turn_number) == (11, 2, 4)

    again = advance(again, RoundFacts([entry], participants=members), NOON + 171).contest
    last = advance(again, RoundFacts([entry], participants=members), NOON + 201)
    assert list_kinds(last) == [MessageKind.CLOSING_STRIP]


def test_a_turn_waits_for_a_picture_that_is_being_generated() -> None:
    members = [Participant(11, 1)]
    contest = begin(format=ContestFormat.RELAY)
    contest = advance(contest, RoundFacts(participants=members), NOON + 100).contest
    facts = RoundFacts([make_entry(1, author_id=11, state=EntryState.PENDING)], participants=members)

    waiting = advance(contest, facts, NOON + 130).contest
    late = advance(waiting, facts, NOON + 130 + CLOSING_LIMIT_SECONDS)

    assert (waiting.phase, waiting.due_at) == (Phase.TURN, NOON + 130 + CLOSING_LIMIT_SECONDS)
    assert [entry.state for entry in late.entries] == [EntryState.FAILED]


@given(
    seed=st.integers(0, 10**6),
    rounds=st.integers(1, 10),
    tie_rule=st.sampled_from(TieRule),
    contest_format=st.sampled_from(ContestFormat),
    at_once=st.booleans(),
)
def test_every_contest_ends_and_tells_each_round_once(
    seed: int, rounds: int, tie_rule: TieRule, contest_format: ContestFormat, at_once: bool
) -> None:
    """People enter, fail, vote, join and leave at random; the bot does at random moments what is due."""
    rng = random.Random(seed)
    step = start_contest(
        make_contest(rounds=rounds, tie_rule=tie_rule, format=contest_format, shows_entries_at_once=at_once)
    )
    contest, sent = step.contest, list(step.messages)
    entries: dict[str, RoundEntry] = {}
    members = [Participant(user_id, position) for position, user_id in enumerate(range(rng.randrange(4)), 1)]
    winners: dict[int, set[str]] = {}
    for _ in range(400):
        if not contest.is_open:
            break
        assert contest.due_at is not None
        assert contest.deadline is not None
        assert contest.phase is Phase.TURN or contest.due_at <= contest.deadline
        is_relay = contest.settings.is_relay
        for _ in range(rng.randrange(4) if contest.phase is (Phase.TURN if is_relay else Phase.ENTERING) else 0):
            entry = replace(
                make_entry(len(entries) + 1, round_number=contest.round_number, state=rng.choice(list(EntryState))),
                number=contest.turn_number if is_relay else None,
            )
            if is_relay and any(e.number == entry.number and e.state in ACTIVE for e in entries.values()):
                break
            entries[entry.job_id] = entry
        current = [e for e in entries.values() if e.round_number == contest.round_number]
        numbers = [e.number for e in current if e.state is EntryState.ENTERED and e.number]
        ballots = vote(*((rng.choice(numbers),) for _ in range(rng.randrange(5)))) if numbers else []
        now = contest.due_at + rng.random()
        next_step = advance_contest(contest, RoundFacts(list(entries.values()), ballots, members), now, rng)
        if next_step is None:
            contest = replace(contest, due_at=max(contest.deadline, now))
            continue
        contest, sent = next_step.contest, [*sent, *next_step.messages]
        entries |= {e.job_id: e for e in next_step.entries}
        winners |= {
            n: {e.job_id for e in next_step.entries if e.is_winner and e.round_number == n}
            for n in {m.round_number for m in next_step.messages if m.kind is MessageKind.RESULT}
        }

    assert not contest.is_open
    assert contest.due_at is None
    for kind in (MessageKind.ENTERING, MessageKind.RESULT, MessageKind.VOTING, MessageKind.RUNOFF):
        told = [message.round_number for message in sent if message.kind is kind]
        assert told == sorted(set(told))
    assert len(winners) <= rounds
    shown = [e.number for e in entries.values() if e.state is EntryState.ENTERED]
    if contest_format is ContestFormat.OPEN_CALL:
        assert None not in shown
    assert not any(e.state is EntryState.PENDING for e in entries.values())
    assert all(entries[job_id].state is EntryState.ENTERED for ids in winners.values() for job_id in ids)

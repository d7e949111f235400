"""Counting ballots."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ballots import Ballot, Score, build_score_table, count_ballots, find_leaders, validate_choices
from bot.domain.rounds import EntryState
from shared.problems import RejectedError
from tests.support.rounds import make_entry

CHOICES = st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True).map(tuple)


@given(choices=st.lists(CHOICES, max_size=40), out=st.sets(st.integers(1, 6)), seed=st.integers(0, 99))
def test_points_are_those_of_a_borda_count_whatever_the_order_of_the_ballots(
    choices: list[tuple[int, ...]], out: set[int], seed: int
) -> None:
    states = {number: EntryState.DISQUALIFIED if number in out else EntryState.ENTERED for number in range(1, 7)}
    entries = [make_entry(number, state=state) for number, state in states.items()]
    ballots = [Ballot(ranked) for ranked in choices]

    counted = count_ballots(entries, ballots, 3)

    for entry in counted:
        is_in = entry.number not in out
        ranks = [ranked.index(entry.number) for ranked in choices if entry.number in ranked]
        assert entry.points == is_in * sum(3 - rank for rank in ranks)
        assert entry.ballots == is_in * len(ranks)
    random.Random(seed).shuffle(ballots)
    assert count_ballots(entries, ballots, 3) == counted
    leaders = find_leaders(counted)
    best = max(entry.points for entry in counted)
    assert leaders == [entry for entry in counted if entry.points == best > 0]


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ((), "ballot_choices"),
        ((1, 1), "ballot_choices"),
        ((1, 2, 4), "ballot_choices"),
        ((9,), "ballot_choices"),
        ((3,), "ballot_choices"),
        ((1, 5), "ballot_own_entry"),
    ],
)
def test_a_ballot_names_different_entries_of_others(choices: tuple[int, ...], code: str) -> None:
    withdrawn = make_entry(3, state=EntryState.WITHDRAWN)
    entries = [make_entry(1), make_entry(2), withdrawn, make_entry(4), make_entry(5, author_id=7)]

    with pytest.raises(RejectedError, match=code):
        validate_choices(choices, entries, user_id=7, max_choices=2)

    assert validate_choices((2, 1), entries, user_id=7, max_choices=2) == Ballot((2, 1))


def test_no_representation_of_a_ballot_shows_its_choices() -> None:
    assert "4" not in f"{Ballot((4,))!r}{Ballot((4,))}"


def test_people_are_ranked_by_rounds_won_then_by_points() -> None:
    entries = [
        make_entry(1, author_id=11, points=9),
        make_entry(2, author_id=12, points=4, is_winner=True),
        make_entry(3, author_id=12, points=1, round_number=2),
        make_entry(4, author_id=13, points=9, state=EntryState.DISQUALIFIED),
    ]

    assert build_score_table(entries) == [Score(12, 1, 5), Score(11, 0, 9)]

"""What the messages of contests show: within Discord's limits, and no author before a round is over."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ballots import Score
from bot.domain.records import JobRecord
from bot.domain.rounds import Contest, ContestFormat, EndReason, EntryState, MessageKind, Phase, RoundMessage, TieRule
from bot.rounds.view import MessageFacts, build_container, list_shown_entries, render_message
from shared.i18n.messages import Messages
from tests.support.builders import NOON
from tests.support.rounds import make_contest, make_entry
from tests.support.views import EN, any_messages, assert_fits_discord, make_job, make_request

AUTHOR = 900_000_000_000_000_000
WAITING_PHASES = {
    MessageKind.VOTING: Phase.VOTING,
    MessageKind.RUNOFF: Phase.RUNOFF,
    MessageKind.DECIDING: Phase.DECIDING,
    MessageKind.TURN: Phase.TURN,
}
SECRET_KINDS = [
    *(MessageKind.ENTERING, MessageKind.ENTRY, MessageKind.ENTRIES, MessageKind.VOTING, MessageKind.RUNOFF),
    *(MessageKind.DECIDING, MessageKind.REMINDER),
]


def make_facts(prompt: str = "a castle", *, count: int = 12) -> MessageFacts:
    entries = [
        make_entry(number, author_id=AUTHOR + number, points=3, ballots=1, is_winner=True)
        for number in range(1, count + 1)
    ]
    job = make_job(make_request(prompt=prompt))
    records = {
        entry.job_id: JobRecord(job.model_copy(update={"id": entry.job_id}), "generated", 7, None, NOON)
        for entry in entries[:10]
    }
    scores = [Score(AUTHOR + number, 1, 3) for number in range(count)]
    return MessageFacts(entries, records, scores, range(AUTHOR, AUTHOR + count))


def render(kind: MessageKind, contest: Contest, facts: MessageFacts, messages: Messages = EN) -> Any:
    contest = replace(contest, phase=WAITING_PHASES.get(kind, contest.phase), deadline=NOON + 100)
    message = RoundMessage(contest.id, 1, kind, 1, NOON, user_id=AUTHOR, job_id="3")
    return build_container(render_message(contest, message, facts, messages), (), 1)


@given(
    st.sampled_from(MessageKind),
    any_messages,
    st.text(max_size=400),
    st.sampled_from(ContestFormat),
    st.sampled_from(TieRule),
    st.sampled_from(EndReason),
    st.integers(0, 500),
)
def test_every_message_fits_discord(
    kind: MessageKind,
    messages: Messages,
    text: str,
    contest_format: ContestFormat,
    tie_rule: TieRule,
    reason: EndReason,
    count: int,
) -> None:
    contest = make_contest(theme=f"x{text}", format=contest_format, tie_rule=tie_rule, rounds=10)

    assert_fits_discord(
        render(kind, replace(contest, end_reason=reason), make_facts(f"x{text}", count=count), messages)
    )


@pytest.mark.parametrize("kind", SECRET_KINDS)
def test_no_author_is_named_before_the_round_is_over(kind: MessageKind) -> None:
    facts = replace(make_facts(), reminded_ids=[5])

    components = str(assert_fits_discord(render(kind, make_contest(), facts)))

    assert not any(str(entry.author_id) in components for entry in facts.entries)


def test_a_page_shows_the_entries_of_its_numbers_that_still_take_part() -> None:
    entries = [make_entry(number) for number in range(1, 13)]
    entries[10] = replace(entries[10], state=EntryState.DISQUALIFIED)

    pages = [
        [entry.number for entry in list_shown_entries(message, entries)]
        for message in (RoundMessage("17", page, MessageKind.ENTRIES, 1, NOON, page=page) for page in (0, 1))
    ]

    assert pages == [list(range(1, 11)), [12]]


def test_a_message_of_a_phase_that_is_over_has_no_buttons_and_no_deadline() -> None:
    contest = replace(make_contest(), deadline=NOON + 100)
    message = RoundMessage(contest.id, 1, MessageKind.ENTERING, 1, NOON)

    open_view = render_message(contest, message, MessageFacts(), EN)
    over = render_message(replace(contest, phase=Phase.VOTING), message, MessageFacts(), EN)

    assert open_view.rows
    assert "<t:" in "".join(open_view.texts)
    assert not over.rows
    assert "<t:" not in "".join(over.texts)


def test_the_only_entry_wins_without_points() -> None:
    message = RoundMessage("17", 1, MessageKind.RESULT, 1, NOON)
    winner = make_entry(1, author_id=AUTHOR, is_winner=True)

    alone = render_message(make_contest(), message, MessageFacts([winner]), EN)
    chosen = render_message(make_contest(), message, MessageFacts([replace(winner, points=3, ballots=1)]), EN)

    assert alone.texts[1] == f"**No. 1** by <@{AUTHOR}>"
    assert chosen.texts[1] == f"**No. 1** by <@{AUTHOR}> · 3 points · ballots: 1"


@pytest.mark.parametrize("round_number", [1, 2])
def test_without_votes_a_next_round_is_announced_only_where_there_is_one(round_number: int) -> None:
    message = RoundMessage("17", 1, MessageKind.RESULT, round_number, NOON)

    (text,) = render_message(make_contest(rounds=2), message, MessageFacts([make_entry(1)]), EN).texts

    assert "Nobody voted" in text
    assert ("The next round" in text) == (round_number == 1)

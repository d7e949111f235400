"""The tree and the path of the last message: the winners are always there, and each entry hangs on its source."""

from dataclasses import replace

import pytest

from bot.domain.ballots import Score
from bot.domain.records import JobRecord
from bot.domain.rounds import ContestFormat, EndReason, EntryState, MessageKind, Phase, RoundMessage
from bot.images.lineage_tree import MAX_NODES
from bot.rounds.closing_strip import build_nodes, format_credits, list_path, select_entries
from bot.rounds.view import MessageFacts, build_container, render_message
from shared.i18n.messages import Messages
from tests.support.builders import NOON
from tests.support.rounds import make_contest, make_entry
from tests.support.views import EN, FR, assert_fits_discord, make_result_record


def make_record(job_id: str, parent_id: str | None) -> JobRecord:
    record = make_result_record()
    return replace(record, job=record.job.model_copy(update={"id": job_id, "parent_id": parent_id}))


def test_the_path_goes_through_the_first_winner_of_each_round_or_through_all_turns_of_a_relay() -> None:
    entries = [
        make_entry(4, round_number=2, is_winner=True),
        make_entry(1),
        make_entry(2, is_winner=True),
        make_entry(3, is_winner=True),
    ]

    assert [entry.number for entry in list_path(make_contest(), entries)] == [2, 4]
    relay = make_contest(format=ContestFormat.RELAY)
    assert [entry.number for entry in list_path(relay, entries)] == [1, 2, 3, 4]


def test_of_many_entries_the_winners_and_those_with_most_points_are_drawn() -> None:
    entries = [make_entry(number, points=number) for number in range(1, 100)]
    entries[0] = replace(entries[0], is_winner=True)
    entries[98] = replace(entries[98], state=EntryState.DISQUALIFIED)

    numbers = [entry.number for entry in select_entries(make_contest(), entries)]

    assert numbers == [1, *range(61, 99)]
    assert len(numbers) == MAX_NODES - 1


def test_entries_hang_on_the_upload_or_on_the_winner_before_them() -> None:
    contest = replace(make_contest(rounds=2), source_sha256="0" * 64)
    entries = [make_entry(1, is_winner=True), make_entry(2, round_number=2, is_winner=True)]
    records = {"1": make_record("1", None), "2": make_record("2", "1")}

    nodes = build_nodes(contest, entries, records, {"source": b"jpeg"}, None, EN)

    assert [(node.id, node.parent_id) for node in nodes] == [("source", None), ("1", "source"), ("2", "1")]
    assert [node.current_label for node in nodes] == ["", "winner", "winner"]
    assert nodes[0].thumbnail == b"jpeg"


def test_the_tree_begins_with_the_result_that_the_host_chose() -> None:
    source = make_record("9", None)

    nodes = build_nodes(make_contest(), [make_entry(1)], {"1": make_record("1", "9")}, {}, source, EN)

    assert [(node.id, node.parent_id) for node in nodes] == [("9", None), ("1", "9")]


def test_the_author_of_each_number_in_the_tree_is_named() -> None:
    contest = replace(make_contest(rounds=2), source_sha256="0" * 64)
    entries = [make_entry(1), make_entry(2, round_number=2), replace(make_entry(3, round_number=2), author_id=0)]
    records = {"1": make_record("1", None), "2": make_record("2", "1"), "3": make_record("3", "1")}

    text = format_credits(build_nodes(contest, entries, records, {}, None, EN), entries, EN)

    assert text.splitlines() == [
        "**0** the first picture",
        "Round 1: **1.1** <@101>",
        "Round 2: **2.2** <@102> · **2.3** somebody who has left no name",
    ]


@pytest.mark.parametrize("messages", [EN, FR])
@pytest.mark.parametrize("contest_format", ContestFormat)
def test_the_last_message_of_a_large_contest_fits_discord(messages: Messages, contest_format: ContestFormat) -> None:
    author = 900_000_000_000_000_000
    contest = make_contest(theme="*" * 100, rounds=10, format=contest_format)
    contest = replace(contest, phase=Phase.ENDED, end_reason=EndReason.FINISHED, source_sha256="0" * 64)
    entries = [
        make_entry(n, author_id=author + n, round_number=1 + n % 10, points=500, ballots=300, is_winner=n < 10)
        for n in range(1, 301)
    ]
    shown = select_entries(contest, entries)
    nodes = build_nodes(contest, shown, {e.job_id: make_record(e.job_id, None) for e in shown}, {}, None, messages)
    facts = MessageFacts(entries, scores=[Score(author + n, 1, 500) for n in range(300)])
    message = RoundMessage(contest.id, 1, MessageKind.CLOSING_STRIP, 10, NOON)
    view = render_message(contest, message, facts, messages)
    view = replace(view, texts=[*view.texts, format_credits(nodes, shown, messages)])

    assert_fits_discord(build_container(view, (), 1))

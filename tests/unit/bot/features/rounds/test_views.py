"""The panel, the ballot and the overviews of contests: within Discord's limits, and nothing in them that is secret."""

from dataclasses import replace
from typing import Any

import pytest
from discord import ui
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.rounds import ContestFormat, ContestSettings, EndReason, EntryState, Payer, Phase
from bot.features.rounds.ballot import place_choice
from bot.features.rounds.ballot_view import build_ballot_view
from bot.features.rounds.choices import (
    CHOICES,
    apply_choice,
    compute_max_cost,
    get_choice,
    list_choices,
    list_entry_models,
    list_fields,
)
from bot.features.rounds.entry_form import build_own_entries
from bot.features.rounds.overview_view import build_list_view, build_results_view, build_status_view
from bot.features.rounds.start_view import Forum, build_panel
from bot.rendering.layout import build_container_view
from shared.i18n.messages import Messages
from shared.problems import RejectedError
from tests.support.builders import NOON
from tests.support.rounds import make_contest, make_entry
from tests.support.views import CATALOGUE, EN, FR, any_messages, any_text, assert_fits_discord, make_result_record

AUTHOR = 900_000_000_000_000_000
VOTING = replace(make_contest(), phase=Phase.VOTING, deadline=NOON + 100)


def read_text(view: ui.LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, ui.TextDisplay))


@pytest.mark.parametrize("field", CHOICES)
def test_each_choice_of_the_panel_is_kept_as_it_was_chosen(field: str) -> None:
    for contest_format in ContestFormat:
        settings = ContestSettings("a castle", contest_format)
        for choice in list_choices(settings, field) if field in list_fields(settings) else ():
            changed = apply_choice(settings, field, choice)
            assert changed is not None
            assert get_choice(changed, field) == choice
        assert apply_choice(settings, field, "forged") is None


def test_a_relay_has_no_votes_and_always_a_limit_on_its_cost() -> None:
    relay = ContestSettings("a castle", ContestFormat.RELAY, rounds=10, max_entries=None)

    assert set(list_fields(relay)) == {"max_cost", "payer", "turn_order"}
    assert apply_choice(relay, "max_cost", "auto") is None
    assert apply_choice(relay, "tie_rule", "runoff") is None
    assert compute_max_cost(relay, CATALOGUE.generation_models) == 5_000_000


@pytest.mark.parametrize(
    ("max_entries", "rounds", "max_cost", "expected"),
    [(10, 1, None, 1_400_000), (10, 3, None, 4_200_000), (10, 3, 2_000_000, 2_000_000), (10, 1, 9_000_000, 1_400_000)],
)
def test_the_sum_shown_is_that_of_the_dearest_model_or_the_chosen_one(
    max_entries: int, rounds: int, max_cost: int | None, expected: int
) -> None:
    settings = ContestSettings("a castle", max_entries=max_entries, rounds=rounds, max_cost=max_cost)

    assert compute_max_cost(settings, list_entry_models(settings, CATALOGUE, has_source=False)) == expected


def test_entries_from_a_picture_are_made_with_models_that_read_one() -> None:
    models = list_entry_models(ContestSettings("a castle"), CATALOGUE, has_source=True)
    one = list_entry_models(ContestSettings("a castle", models=("sd3.5-large",)), CATALOGUE, has_source=True)

    assert all(model.picture != "none" for model in models)
    assert models[0] is CATALOGUE.default_model
    assert [model.key for model in one] == ["sd3.5-large"]
    with pytest.raises(RejectedError, match="round_no_model"):
        list_entry_models(ContestSettings("a castle", models=("gone",)), CATALOGUE, has_source=True)


@given(
    any_messages,
    any_text,
    st.sampled_from(ContestFormat),
    st.sampled_from(Payer),
    st.integers(1, 10),
    st.booleans(),
)
def test_the_panel_fits_discord(
    messages: Messages, theme: str, contest_format: ContestFormat, payer: Payer, rounds: int, has_source: bool
) -> None:
    settings = ContestSettings(theme, contest_format, rounds=rounds, payer=payer, max_entries=25)
    forums = [Forum(10**18 + number, "f" * 100) for number in range(30)]

    panel = build_panel(
        "1" * 20, settings, 2_000_000, CATALOGUE, messages, has_source=has_source, forums=forums[: 3 * rounds]
    )

    assert_fits_discord(panel)


@given(any_messages, st.integers(1, 60), st.sampled_from([1, 3]), st.integers(0, 2), st.data())
def test_a_ballot_fits_discord_and_offers_no_own_entry(
    messages: Messages, count: int, max_choices: int, page: int, data: st.DataObject
) -> None:
    contest = replace(VOTING, settings=replace(VOTING.settings, max_choices=max_choices))
    candidates = [make_entry(number, author_id=AUTHOR + number % 5) for number in range(1, count + 1)]
    others = [entry.number for entry in candidates if entry.author_id != AUTHOR]
    choices: Any = data.draw(st.lists(st.sampled_from(others or [1]), max_size=max_choices, unique=True))
    page = min(page, (count - 1) // 20)

    components = assert_fits_discord(build_ballot_view(contest, candidates, choices, page, messages, user_id=AUTHOR))

    offered = {int(o["value"]) for part in components if part["type"] == 3 for o in part["options"]}
    assert offered <= {*others, *choices}
    assert str(AUTHOR) not in str(components)
    shown = [o["value"] for part in components if part["type"] == 3 for o in part["options"] if o.get("default")]
    assert shown == [str(number) for number in choices]


@pytest.mark.parametrize(
    ("choices", "number", "rank", "placed"),
    [
        ((), 4, 1, (4,)),
        ((), 4, 3, (4,)),
        ((4,), 5, 2, (4, 5)),
        ((4, 5), 5, 1, (5,)),
        ((4, 5, 6), 7, 2, (4, 7, 6)),
        ((4, 5, 6), 6, 1, (6, 5)),
        ((4,), 4, 1, (4,)),
    ],
)
def test_an_entry_has_one_rank(choices: tuple[int, ...], number: int, rank: int, placed: tuple[int, ...]) -> None:
    assert place_choice(choices, number, rank) == placed


@example(FR, "a" * 200, Phase.DECIDING, EndReason.CANCELLED, 5)
@given(any_messages, any_text, st.sampled_from(Phase), st.sampled_from(EndReason), st.integers(0, 5))
def test_the_overviews_fit_discord(messages: Messages, text: str, phase: Phase, reason: EndReason, count: int) -> None:
    contest = replace(make_contest(theme=text, rounds=10), phase=phase, deadline=NOON, end_reason=reason)
    states = [EntryState.PENDING, EntryState.ENTERED, EntryState.DISQUALIFIED]
    entries = [
        make_entry(number, state=states[number % 3], reason=text, is_winner=True) for number in range(1, count + 1)
    ]
    records = {entry.job_id: make_result_record() for entry in entries}
    own = build_own_entries(contest, entries, records, messages)

    assert_fits_discord(build_status_view(contest, entries, own, messages))
    assert_fits_discord(build_list_view([contest] * 30, messages))
    assert_fits_discord(build_results_view(contest, entries, records, messages))
    assert_fits_discord(build_container_view(*own) if own else build_list_view([], messages))


def test_results_tell_nothing_of_a_round_that_is_not_over() -> None:
    over = make_entry(1, author_id=AUTHOR + 1, points=3, ballots=1, is_winner=True)
    running = make_entry(2, author_id=AUTHOR + 2, round_number=2, points=2, ballots=1)
    contest = replace(VOTING, round_number=2)

    text = read_text(build_results_view(contest, [over, running], {}, EN))

    assert str(AUTHOR + 1) in text
    assert str(AUTHOR + 2) not in text


def test_a_cancelled_contest_names_no_author_of_its_last_round() -> None:
    running = make_entry(2, author_id=AUTHOR + 2, points=2, ballots=1)
    contest = replace(VOTING, phase=Phase.ENDED, end_reason=EndReason.CANCELLED)

    assert str(AUTHOR + 2) not in read_text(build_results_view(contest, [running], {}, EN))

"""The prompt's own little language, from both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.problems import RejectedError
from shared.prompts import TextPrompt, format_prompt, parse_prompt, split_negative_prompt

words = st.text(alphabet=st.sampled_from("ab:|\\ é猫-1."), min_size=1).map(str.strip).filter(bool)
weights = st.floats(allow_nan=False, allow_infinity=False)
prompts = st.lists(st.builds(TextPrompt, text=words, weight=weights), min_size=1, max_size=4)


@given(prompts)
def test_what_is_written_is_read_again(parts: list[TextPrompt]) -> None:
    assert parse_prompt(format_prompt(parts)) == tuple(parts)


@given(prompts)
def test_what_is_written_apart_is_the_same_when_put_together(parts: list[TextPrompt]) -> None:
    prompt, negative = split_negative_prompt(parts)

    together = parse_prompt(prompt) + ((TextPrompt(text=negative, weight=-1),) if negative else ())
    assert together == tuple(parts)


def test_the_last_part_to_avoid_is_what_was_given_apart() -> None:
    wanted, fog, crowds = TextPrompt(text="a"), TextPrompt(text="fog", weight=-1), TextPrompt(text="b|c", weight=-1)

    assert split_negative_prompt([wanted, fog, crowds]) == ("a | fog::-1", "b|c")
    assert split_negative_prompt([fog]) == ("fog::-1", "")
    assert split_negative_prompt([]) == ("", "")


@given(st.text(alphabet=st.sampled_from("ab:|\\ 1.-e"), max_size=30))
def test_anything_is_read_or_refused_in_words(written: str) -> None:
    try:
        parts = parse_prompt(written)
    except RejectedError as refused:
        assert refused.problems
    else:
        assert all(part.text.strip() for part in parts)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a castle", [("a castle", 1.0)]),
        ("castle in fog::1.2 | crowds::-0.8", [("castle in fog", 1.2), ("crowds", -0.8)]),
        (r"either \| or", [("either | or", 1.0)]),
        (r"std\::vector::2", [("std::vector", 2.0)]),
        ("std::vector::2", [("std::vector", 2.0)]),
        (r"C:\temp", [(r"C:\temp", 1.0)]),
        ("a: b", [("a: b", 1.0)]),
        ("猫::.5", [("猫", 0.5)]),
    ],
)
def test_weights_and_escapes_in_the_fields_habit(written: str, read: list[tuple[str, float]]) -> None:
    assert [(part.text, part.weight) for part in parse_prompt(written)] == read


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "prompt_empty"),
        ("  \n", "prompt_empty"),
        ("a | ", "prompt_part_empty"),
        ("::2", "prompt_part_empty"),
        ("a::", "weight_not_a_number"),
        ("a::b", "weight_not_a_number"),
        ("a::nan", "weight_not_a_number"),
        ("a::1e999", "weight_not_a_number"),
        ("a::1_0", "weight_not_a_number"),
        ("a::٣", "weight_not_a_number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(written: str, code: str) -> None:
    with pytest.raises(RejectedError) as refused:
        parse_prompt(written)

    assert [problem.code for problem in refused.value.problems] == [code]

"""Parsing and formatting of prompts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.problems import RejectedError
from shared.prompts import TextPrompt, format_prompt, parse_prompt, split_negative_prompt

words = st.text(alphabet=st.sampled_from("ab:|\\ é猫-1."), min_size=1).map(str.strip).filter(bool)
weights = st.floats(allow_nan=False, allow_infinity=False)
prompts = st.lists(st.builds(TextPrompt, text=words, weight=weights), min_size=1, max_size=4)


@given(prompts)
def test_a_formatted_prompt_is_parsed_to_the_same_texts(parts: list[TextPrompt]) -> None:
    assert parse_prompt(format_prompt(parts)) == tuple(parts)


@given(prompts)
def test_prompt_and_negative_prompt_are_parsed_to_the_same_texts(parts: list[TextPrompt]) -> None:
    prompt, negative = split_negative_prompt(parts)

    parsed = parse_prompt(prompt) + ((TextPrompt(text=negative, weight=-1),) if negative else ())
    assert parsed == tuple(parts)


def test_a_last_part_of_weight_minus_one_becomes_the_negative_prompt() -> None:
    wanted, fog, crowds = TextPrompt(text="a"), TextPrompt(text="fog", weight=-1), TextPrompt(text="b|c", weight=-1)

    assert split_negative_prompt([wanted, fog, crowds]) == ("a | fog::-1", "b|c")
    assert split_negative_prompt([fog]) == ("fog::-1", "")
    assert split_negative_prompt([]) == ("", "")


@given(st.text(alphabet=st.sampled_from("ab:|\\ 1.-e"), max_size=30))
def test_any_text_is_parsed_or_rejected_with_problems(text: str) -> None:
    try:
        parts = parse_prompt(text)
    except RejectedError as rejection:
        assert rejection.problems
    else:
        assert all(part.text.strip() for part in parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a castle", [("a castle", 1.0)]),
        ("castle in fog::1.2 | crowds::-0.8", [("castle in fog", 1.2), ("crowds", -0.8)]),
        (r"either \| or", [("either | or", 1.0)]),
        (r"std\::vector::2", [("std::vector", 2.0)]),
        (r"C:\temp", [(r"C:\temp", 1.0)]),
        ("a: b", [("a: b", 1.0)]),
        ("猫::.5", [("猫", 0.5)]),
        ("castle::1,2 | crowds::\u22120,8", [("castle", 1.2), ("crowds", -0.8)]),
        ("fog::\uff11\uff0e\uff15", [("fog", 1.5)]),
    ],
)
def test_weights_and_escapes_are_parsed(text: str, parts: list[tuple[str, float]]) -> None:
    assert [(part.text, part.weight) for part in parse_prompt(text)] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("space:: ship", [("space", 1.0), ("ship", 1.0)]),
        ("hot::2 dog", [("hot", 2.0), ("dog", 1.0)]),
        ("hot::2, dog::\uff0d.5 bun", [("hot", 2.0), ("dog", -0.5), ("bun", 1.0)]),
        ("castle::abc", [("castle", 1.0), ("abc", 1.0)]),
        ("castle::", [("castle", 1.0)]),
        ("std::vector::2", [("std", 1.0), ("vector", 2.0)]),
        ("cat::3d render", [("cat", 1.0), ("3d render", 1.0)]),
        ("hot::2 dog | crowds::-1", [("hot", 2.0), ("dog", 1.0), ("crowds", -1.0)]),
        ("castle:: 1.2", [("castle", 1.2)]),
    ],
)
def test_double_colons_separate_parts_as_in_midjourney(text: str, parts: list[tuple[str, float]]) -> None:
    assert [(part.text, part.weight) for part in parse_prompt(text)] == parts


def test_a_misspelt_weight_is_rejected_with_the_words_before_it() -> None:
    with pytest.raises(RejectedError) as rejection:
        parse_prompt("fog | castle::1.2.3")

    assert rejection.value.problems[0].facts == {"value": "1.2.3", "text": "castle"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "prompt_empty"),
        ("  \n", "prompt_empty"),
        ("\u200b\u2060 \ufeff", "prompt_empty"),
        ("\u3164", "prompt_empty"),
        ("\u200b::2", "prompt_part_empty"),
        ("a | \u2800", "prompt_part_empty"),
        ("a | ", "prompt_part_empty"),
        ("::2", "prompt_part_empty"),
        ("a::1::2", "prompt_part_empty"),
        ("a:: ::b", "prompt_part_empty"),
        ("a::1.2.3 b", "weight_not_a_number"),
        ("a::1e999", "weight_not_a_number"),
        ("a::1_0", "weight_not_a_number"),
        ("a::50%", "weight_not_a_number"),
        ("a::1.234,5", "weight_not_a_number"),
        ("a::٣", "weight_not_a_number"),
    ],
)
def test_an_invalid_prompt_is_rejected(text: str, code: str) -> None:
    with pytest.raises(RejectedError) as rejection:
        parse_prompt(text)

    assert [problem.code for problem in rejection.value.problems] == [code]

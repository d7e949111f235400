"""Prompts that are written for other image tools."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foreign_syntax.midjourney import PARAMETERS, convert_image_weight
from shared.foreign_syntax.reading import PromptReading, read_prompt
from shared.foreign_syntax.stable_diffusion import read_brackets
from shared.notes import NOTE_CODES
from shared.problems import ACTORS, RejectedError
from shared.prompts import parse_prompt

LETTERS_AND_MARKS = st.characters(exclude_characters='-—–()[]{}<>\\"“«|:', exclude_categories=["Cs"])
FOREIGN_PIECES = st.sampled_from(
    [
        *(
            "--",
            "—",
            "ar",
            "no ",
            "16:9",
            " ",
            "seed",
            "(",
            ")",
            "((",
            "[",
            "]",
            "{",
            "}",
            "|",
            "::",
            ":1.3",
            "<lora:",
            ">",
        ),
        *(
            "https://cdn.discordapp.com/a.png",
            '"',
            "“",
            "”",
            "\\",
            ",",
            "a cat",
            "BREAK",
            "embedding:x",
            "é猫",
            "٣",
            "\u200f",
        ),
    ]
)


def read_options(prompt: str) -> dict[str, str]:
    return {option.field: option.value for option in read_prompt(prompt).options}


def list_codes(reading: PromptReading) -> list[str]:
    return [*(problem.code for problem in reading.problems), *(note.code for note in reading.notes)]


@given(st.text(alphabet=LETTERS_AND_MARKS).filter(lambda text: "BREAK" not in text and "embedding" not in text.lower()))
def test_a_prompt_without_foreign_syntax_stays_as_it_is(prompt: str) -> None:
    assert read_prompt(prompt) == PromptReading(prompt, prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "castle in fog::1.2 | crowds::-0.8",
        "a castle (in fog), drawn by hand",
        "well-known -- and a--b, 3-4, - x",
        "a man —no hat— walking",
        "the night —fast and loud— ends",
        "a road – no cars – at dawn",
        "at 6 o'clock (at 10:30), Genesis (1:1)",
        'a sign that says "--no entry" and “(stop:2)” and «{a, b}»',
        'a 6" ruler and a 12" board',
        '{"subject": "cat", "style": "anime"}',
        "poster of PRISON BREAK",
        "{word} and std\\::vector",
        "¯\\_(ツ)_/¯",
    ],
)
def test_people_may_write_dashes_brackets_and_quotations(prompt: str) -> None:
    assert read_prompt(prompt) == PromptReading(prompt, prompt)


@given(st.lists(FOREIGN_PIECES, max_size=30).map("".join))
def test_every_prompt_is_read_and_its_text_and_words_are_prompts(prompt: str) -> None:
    reading = read_prompt(prompt)

    assert {problem.code for problem in reading.problems} <= set(ACTORS)
    assert {note.code for note in reading.notes} <= set(NOTE_CODES)
    for text in (reading.text, reading.literal):
        try:
            parse_prompt(text)
        except RejectedError as rejection:
            assert rejection.problems


@given(st.lists(FOREIGN_PIECES, max_size=30).map("".join))
def test_no_parameter_is_left_in_the_text(prompt: str) -> None:
    reading = read_prompt(prompt)

    if not set('"“«\\[{') & set(prompt):
        assert not read_prompt(reading.text).options
        assert not read_prompt(reading.text).links


@pytest.mark.parametrize(
    "piece",
    ["(", "[", "{", "<", '"', "“", "\\", "—", "--no ", "(a:1)", "{,", "((a)", "[[a", "a::", "https://", "<lora"],
)
def test_a_prompt_of_the_longest_length_is_read_at_once(piece: str) -> None:
    prompt = (piece * 6000)[:6000]
    started = time.perf_counter()

    read_prompt(prompt)

    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("prompt", "text", "options"),
    [
        ("a cat --ar 16:9 --no hands", "a cat", {"aspect_ratio": "16:9", "negative": "hands"}),
        ("a cat --aspect 3:2, at dawn", "a cat, at dawn", {"aspect_ratio": "3:2"}),
        ("--ar 16:9 a cat", "a cat", {"aspect_ratio": "16:9"}),
        ("a cat —ar 16:9 —no hands, people", "a cat", {"aspect_ratio": "16:9", "negative": "hands, people"}),
        ("a cat –ar 16x9", "a cat", {"aspect_ratio": "16:9"}),
        ("a cat --ar16:9", "a cat", {"aspect_ratio": "16:9"}),
        ("a cat --AR=16/9.", "a cat.", {"aspect_ratio": "16:9"}),
        ("a cat --ar 1:1 --ar 2:3", "a cat", {"aspect_ratio": "2:3"}),
        ("a cat --aspect 1.91:1", "a cat", {"aspect_ratio": "1.91:1"}),
        ("a cat --no a --no b, c", "a cat", {"negative": "a, b, c"}),
        ("a cat --seed 5 --iw 2", "a cat", {"seed": "5", "keep": "62"}),
        ("a cat --repeat 4", "a cat", {"count": "4"}),
        ("a cat --r 2", "a cat", {"count": "2"}),
    ],
)
def test_parameters_become_options(prompt: str, text: str, options: dict[str, str]) -> None:
    reading = read_prompt(prompt)

    assert reading.text == text
    assert read_options(prompt) == options
    assert list_codes(reading) == []
    assert reading.literal == prompt


@pytest.mark.parametrize(
    ("prompt", "text", "codes"),
    [
        ("a cat --stylize 250 --s 50 --style raw --raw --p", "a cat", ["parameter_style"] * 5),
        ("a cat --chaos 10 --weird 200", "a cat", ["parameter_variety"] * 2),
        ("a cat --v 6.1 --niji 6", "a cat", ["parameter_model"] * 2),
        ("--niji cat", "cat", ["parameter_model"]),
        ("a cat --q 2 --hd", "a cat", ["parameter_quality"] * 2),
        ("a --sref 123 https://x.org/y.png --cw 50 cat", "a cat", ["parameter_reference"] * 2),
        ("a cat --tile --stop 50 --turbo", "a cat", ["parameter_tile", "parameter_stop", "parameter_speed"]),
        ("a cat --foo 12 asleep --bar", "a cat asleep", ["parameter_unknown"] * 2),
        ("a cat --ar wide --seed x --iw 9 --no", "a cat", ["parameter_value"] * 4),
        ("a cat --ar 0:5 --seed 1.5", "a cat", ["parameter_value"] * 2),
        ("a cat --repeat 9", "a cat", ["parameter_count"]),
        ("a <lora:foo:1> cat, embedding:easy", "a cat,", ["network_unsupported"] * 2),
        ("{red, green} bird", "red bird", ["alternatives_unsupported"]),
        ("{red|{green|blue}} bird", "red bird", ["alternatives_unsupported"]),
        ("{2$$a|b} bird", "a bird", ["alternatives_unsupported"]),
        ("[cat|dog] asleep", "cat asleep", ["alternatives_unsupported"]),
        ("[cat:dog:0.5] asleep", "dog asleep", ["alternatives_unsupported"]),
    ],
)
def test_what_has_no_equal_is_named_and_taken_out(prompt: str, text: str, codes: list[str]) -> None:
    reading = read_prompt(prompt)

    assert reading.text == text
    assert list_codes(reading) == codes


def test_a_problem_quotes_the_parameter_as_it_was_typed() -> None:
    [problem] = read_prompt("a cat —stylize 250").problems

    assert problem.facts == {"parameter": "--stylize 250"}


@pytest.mark.parametrize(
    ("prompt", "text", "codes"),
    [
        ("(fog:1.3), a castle, ((crowds))", "fog::1.3 | a castle | crowds::1.21", ["emphasis_weighed"]),
        ("(a castle in fog:1,2)", "a castle in fog::1.2", ["emphasis_weighed"]),
        ("((fog:1.2))", "fog::1.32", ["emphasis_weighed"]),
        ("(a (red:1.2) car:1.3)", "a red car::1.3", ["emphasis_weighed"]),
        ("a (red:1.3) car", "a red car", ["emphasis_left_out"]),
        ("(fog:1.3) | crowds::-1", "fog | crowds::-1", ["emphasis_left_out"]),
        ("[[fog]] a castle", "fog a castle", ["emphasis_left_out"]),
        ("[fog] a castle", "[fog] a castle", ["brackets_kept"]),
        ("a cat BREAK a dog", "a cat, a dog", ["break_left_out"]),
        (r"ann \(pilot\)", "ann (pilot)", []),
        (r"\(a:1.3\)", "(a:1.3)", []),
    ],
)
def test_brackets_are_read_as_stable_diffusion_does(prompt: str, text: str, codes: list[str]) -> None:
    reading = read_prompt(prompt)

    assert (reading.text, list_codes(reading)) == (text, codes)


def test_the_things_to_avoid_have_no_weights_of_their_own() -> None:
    assert read_brackets("(worst quality:1.4), blurry", may_weigh=False).text == "worst quality, blurry"


def test_links_are_found_outside_of_quotations() -> None:
    reading = read_prompt('<https://x.org/a.png> a cat and https://x.org/b.png, with "https://x.org/c.png"')

    assert reading.links == ("https://x.org/a.png", "https://x.org/b.png")
    assert reading.text == 'a cat and, with "https://x.org/c.png"'


def test_used_as_words_the_separators_within_brackets_separate_nothing() -> None:
    [part] = parse_prompt(read_prompt("{red|{green::2|blue}} bird").literal)

    assert part.text == "{red|{green::2|blue}} bird"


def test_an_image_weight_grows_from_nothing_over_the_default_to_almost_all() -> None:
    weights: list[Any] = [convert_image_weight(weight) for weight in (0, 0.5, 1, 2, 3, 3.1)]

    assert weights == [0, 18, 35, 62, 90, None]


def test_no_parameter_has_two_meanings() -> None:
    names = [name for parameter in PARAMETERS for name in parameter.names]

    assert len(names) == len(set(names))

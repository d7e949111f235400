"""Prompts with columns and lists in braces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.reading.templates import parse_template
from shared.problems import RejectedError
from tests.support.batch_tables import PNG, describe_problems, list_items, make_workbook, read_table

PROMPTS = st.text(alphabet="ab {}|,\\", max_size=30)


@pytest.mark.parametrize(
    ("template", "prompts"),
    [
        ("a fox | rain::2, fog", ["a fox | rain::2, fog"]),
        ("a {colour} fox", ["a <colour> fox"]),
        ("a {red, blue} fox", ["a red fox", "a blue fox"]),
        ("{red|blue} {fox|owl}", ["red fox", "red owl", "blue fox", "blue owl"]),
        ("{red, warm|blue}", ["red, warm", "blue"]),  # a comma between bars is a word
        ("{ dark {red,blue} , {colour}}", ["dark red", "dark blue", "<colour>"]),
        ("{,red }fox", ["fox", "redfox"]),
        (r"{a\,b,c}", ["a,b", "c"]),
        ("{{red,blue}}", [r"\{red,blue\}"]),
        (r"\{red\} \\{red} \a \\\{ end", [r"\{red\} \\<red> \a \\\{ end"]),
        ("end\\", ["end\\"]),
    ],
)
def test_a_template_makes_each_combination(template: str, prompts: list[str]) -> None:
    parsed = parse_template(template)

    assert list(parsed.expand(lambda name: f"<{name}>")) == prompts
    assert parsed.count_prompts() == len(prompts)


@pytest.mark.parametrize("template", ["{", "}", "{}", "{ }", "{red", "red}", "{a}}", "{a{b}c}", "{a,{b}", "{ " * 50])
def test_braces_that_do_not_match_are_refused(template: str) -> None:
    with pytest.raises(RejectedError, match="batch_braces"):
        parse_template(template)


@given(PROMPTS)
def test_every_template_makes_as_many_prompts_as_it_counts(template: str) -> None:
    try:
        parsed = parse_template(template)
    except RejectedError:
        return
    assert sum(1 for _ in parsed.expand(str)) == parsed.count_prompts() >= 1


TABLE = b"prompt;colour;image;row\n;red;fox.png;x\nfog;blue;owl.png;y\n"


@pytest.mark.parametrize(
    ("template", "prompts"),
    [
        ("a {Colour} {image}", ["a red fox", "fog"]),  # a prompt of a row's own comes first
        ("{prompt} in {colour}", ["in red", "fog in blue"]),
        ("{prompt} {a,b}", ["a", "b", "fog a", "fog b"]),
        ("{row}", ["x", "fog"]),
    ],
)
def test_the_template_is_for_rows_without_a_prompt_unless_it_asks_for_that(template: str, prompts: list[str]) -> None:
    items = list_items(read_table(TABLE, pictures=("fox.png", "owl.png"), template=template))

    assert [prompt for _, _, prompt in items] == prompts


def test_without_a_table_a_template_has_the_names_of_the_pictures() -> None:
    items = list_items(read_table(PNG, "Red fox.png", ("owl.png",), template="{name} as a {cat,dog}, number {row}"))

    assert items == [
        (1, "Red fox.png", "Red fox as a cat, number 1"),
        (1, "Red fox.png", "Red fox as a dog, number 1"),
        (2, "owl.png", "owl as a cat, number 2"),
        (2, "owl.png", "owl as a dog, number 2"),
    ]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "{size} fox",
            "The prompt names the column “size”, and there is none. Write one of these: colour, image, name",
        ),
        ("{red", "The braces in “{red” don't match."),
        ("{a,b}" * 201, "“{a,b}{a,b}"),
        ("{a,b}" * 200, "That would make 1000000000 pictures, and a batch has at most 500."),
    ],
)
def test_a_wrong_template_is_told_once_for_all_rows(template: str, said: str) -> None:
    [problem] = describe_problems(read_table(b"prompt;colour\n;red\n;blue\n", template=template))

    assert problem.startswith(said)


def test_columns_cannot_blow_a_prompt_up() -> None:
    table = b"prompt;a\n" + b"{a}" * 200 + b";" + b"x" * 30_000 + b"\n"

    [problem] = describe_problems(read_table(table))

    assert problem.startswith("2: With its columns filled in, a prompt is longer than 32767 characters.")


@pytest.mark.parametrize(
    "table",
    [b"Tier;Farbe\nFuchs;rot\nEule;blau\n", make_workbook(("Tier", "Farbe"), ("Fuchs", "rot"), ("Eule", "blau"))],
)
def test_a_table_may_have_only_the_columns_of_the_template(table: bytes) -> None:
    items = list_items(read_table(table, template="{tier} in {FARBE}"))

    assert [prompt for _, _, prompt in items] == ["Fuchs in rot", "Eule in blau"]

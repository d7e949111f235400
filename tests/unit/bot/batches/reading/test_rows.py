"""Pictures are matched to the names in a table, and items have names of their own."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.reading.file_names import MAX_NAME_LENGTH, UniqueNames, clean_name
from bot.batches.reading.files import read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import SentFile
from shared.i18n.messages import load_messages
from tests.support.batch_tables import PNG, describe_problems, list_items, make_archive, read_table


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Fox.PNG", "fox.png"),
        ("fox", "fox.png"),
        ("fox.jpeg", "fox.jpg"),
        ("fox.png", "fox.jpg"),
        ("my red fox (1).png", "my_red_fox_1.png"),  # as Discord names attachments
        ("C:\\Users\\me\\fox.png", "fox.png"),
        ("./pictures/fox.png", "fox.png"),
        (unicodedata.normalize("NFD", "été.png"), "été.png"),
        ("été.png", unicodedata.normalize("NFD", "été.png")),
        ("été.png", "ete.png"),
        ("“fox.png”", "fox.png"),
        ("猫.png", "猫.png"),
    ],
)
def test_a_picture_is_found_however_its_name_is_written(written: str, sent: str) -> None:
    rows = read_table(f"image;prompt\n{written};fog\n".encode(), pictures=("owl.png", sent))

    assert list_items(rows) == [(2, sent, "fog")]


PATHS = ("shoes/red.png", "hats/red.png", "hats/Blue.png", "hats/blue.png")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("hats/red.png", "hats/red.png"),
        ("D:\\spring\\Hats\\red.png", "hats/red.png"),
        ("Blue.png", "hats/Blue.png"),
        ("red.png", "Several pictures fit the name “red.png”: hats/red.png, shoes/red.png."),
        ("coats/red.png", "Several pictures fit the name “coats/red.png”"),
        ("BLUE.PNG", "Several pictures fit the name “BLUE.PNG”: hats/Blue.png, hats/blue.png."),
        ("blau.png", "There's no picture called “blau.png” among your files. Did you mean one of these: hats/"),
    ],
)
def test_one_of_several_pictures_is_chosen_only_if_no_other_fits_as_well(written: str, found: str) -> None:
    archive = make_archive(dict.fromkeys(PATHS, PNG))
    table = f"image;prompt\n{written};fog\n".encode()

    rows = build_rows(read_files([SentFile("a.zip", archive), SentFile("a.csv", table)]))

    if problems := describe_problems(rows):
        assert problems[0].startswith(f"2: {found}")
    else:
        assert list_items(rows) == [(2, found, "fog")]


def test_a_table_without_names_of_pictures_goes_with_a_single_one() -> None:
    table = b"prompt\nfog\nrain\n"

    rows = read_table(table, pictures=("fox.png",))
    [problem] = describe_problems(read_table(table, pictures=("fox.png", "owl.png")))

    assert list_items(rows) == [(2, "fox.png", "fog"), (3, "fox.png", "rain")]
    assert load_messages("en").format_notes(rows.notes) == [
        "The table names no pictures: every row starts from “fox.png”."
    ]
    assert problem.startswith("You sent 2 pictures, and the table doesn't say which row starts from which.")


def test_each_of_several_pictures_is_an_item_of_which_the_first_has_the_seed() -> None:
    [row] = read_table(b"prompt;seed;count\n{red,blue} fox;7;2\n").rows

    assert [(item.name, item.options.get("prompt"), item.options.get("seed")) for item in row.items] == [
        ("red-fox", "red fox", "7"),
        ("red-fox-2", "red fox", None),
        ("blue-fox", "blue fox", "7"),
        ("blue-fox-2", "blue fox", None),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ('a<b>:"c"|?*', "a-b-c"),
        ("fox\u202egnp.exe", "foxgnp.exe"),
        ("=cmd()", "cmd()"),
        (" . ", ""),
        ("two\nlines", "two lines"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_is_safe_on_every_system(text: str, name: str) -> None:
    assert clean_name(text) == name


@given(st.text())
def test_a_safe_name_stays_as_it_is(text: str) -> None:
    name = clean_name(text)

    assert clean_name(name) == name
    assert len(name) <= MAX_NAME_LENGTH
    assert len(name.encode()) <= 200
    assert not set(name) & set('<>:"/\\|?*\0')


@given(st.lists(st.sampled_from(["fox", "FOX", "fox-2", "fox-2-2", "x" * 80, "ﬁ", "fi"]), max_size=30))
def test_names_differ_where_case_makes_no_difference(names: list[str]) -> None:
    unique = UniqueNames()

    made = [unique.make_unique(name) for name in names]

    assert len({unicodedata.normalize("NFKC", name).casefold() for name in made}) == len(names)
    assert all(len(name) <= MAX_NAME_LENGTH for name in made)

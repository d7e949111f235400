"""The table that goes back to its sender is the one that came, with a column of problems."""

import csv
from collections.abc import Sequence
from io import BytesIO, StringIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.error_table import TableFile, write_error_table
from bot.batches.reading.columns import has_content
from bot.batches.reading.files import read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import SentFile, Table
from shared.i18n.messages import describe_problem, load_messages
from shared.problems import make_problem
from tests.support.batch_tables import make_workbook

TEXT = 'Été;;\r\nInvite;nombre;=x\r\n"=1+1, ""été""";x;-5\r\n\r\nbrume;2;@b\r\n'
BROKEN = "« x » n'est pas un nombre d'images. Dans la colonne « nombre », écris un nombre entier à partir de 1."


def return_table(data: bytes, name: str, language: str = "en") -> tuple[Table, TableFile]:
    """Read a table and write it with the problems of its rows."""
    files = read_files([SentFile(name, data)])
    assert files.problems == ()
    assert files.table is not None
    problems = {row.number: row.problems for row in build_rows(files).rows}
    return files.table, write_error_table(files.table, problems, load_messages(language))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "mac_roman"])
def test_a_table_comes_back_in_its_own_format(encoding: str) -> None:
    _, file = return_table(TEXT.encode(encoding), "Été 1.csv", "fr")

    assert file.name == "Été 1-problemes.csv"
    marked = {"utf-8": "utf-8-sig", "utf-16-be": "utf-16"}.get(encoding, encoding)
    assert file.data.decode(marked) == (
        'Été\r\nInvite;nombre;\'=x;problème\r\n"\'=1+1, ""été""";x;-5;BROKEN\r\n;;;\r\nbrume;2;\'@b;\r\n'.replace(
            "BROKEN", BROKEN.replace("« ", "«\u00a0").replace(" »", "\u00a0»")
        )
    )


def test_a_line_for_the_separator_and_a_guessed_header_are_kept() -> None:
    _, file = return_table(b"sep=|\nfox.png|a\nowl.png|b\n", "batch.csv")

    assert file.data.decode("utf-8-sig").splitlines()[:3] == [
        "sep=|",
        "image|prompt|problem",
        f"fox.png|a|{describe_problem(make_problem('batch_picture_missing', name='fox.png'))}",
    ]


def test_a_workbook_comes_back_as_one_that_other_programs_open() -> None:
    data = make_workbook(
        ("Spring",), ("prompt", "count", "x"), ("=1+1", "x", 7), (), ("_x0041_ <&>", 2, "  y\nz"), change=rename_sheet
    )

    _, file = return_table(data, "batch.xlsx")
    sheet = openpyxl.load_workbook(BytesIO(file.data)).active

    assert (file.name, sheet.title) == ("batch-problems.xlsx", "Batch 1")
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["Spring", None, None, None],
        ["prompt", "count", "x", "problem"],
        ["=1+1", "x", 7, sheet["D3"].value],
        [None, None, None, None],
        ["A <&>", 2, "  y\nz", None],
    ]
    assert sheet["D3"].value.startswith("“x” isn't a number of pictures.")
    assert (sheet["A3"].data_type, sheet["A3"].quotePrefix) == ("s", True)


def rename_sheet(book: openpyxl.Workbook) -> None:
    book.active.title = "Batch 1"
    book.active["A3"].data_type = "s"


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_table_that_is_sent_again_has_one_column_of_problems(name: str) -> None:
    first = make_workbook(("prompt", "count"), ("fog", "x")) if name == "a.xlsx" else b"prompt,count\nfog,x\n"

    _, once = return_table(first, name)
    table, twice = return_table(once.data, name, "fr")

    assert table.columns == ("prompt", "count", "problem")
    assert return_table(twice.data, name)[0].columns == ("prompt", "count", "probleme")


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=12) | st.sampled_from(
    ["=1", "'=1", "''+a", "-5", "007", "12", "_x0041_", "\r\n", 'a"b', ";", ",", "\t=x"]
)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx"])
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_the_cells_of_a_table_come_back_as_they_were(name: str, lines: Sequence[Sequence[str]]) -> None:
    sent = build_table_file(name, [["prompt", "note", "x", "y"], *lines])
    if not any(has_content(cells) for cells in lines):
        return

    table, file = return_table(sent, name)
    again, _ = return_table(file.data, name)

    assert [strip_cells(line.cells[:4]) for line in again.lines] == [strip_cells(line.cells) for line in table.lines]


def build_table_file(name: str, lines: Sequence[Sequence[str]]) -> bytes:
    if name == "a.xlsx":
        return make_workbook(
            *[[openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in line] for line in lines]
        )
    out = StringIO()
    csv.writer(out, delimiter="\t" if name == "a.tsv" else ",", quoting=csv.QUOTE_ALL).writerows(lines)
    return out.getvalue().encode()


def strip_cells(cells: Sequence[str]) -> list[str]:
    """Leave out the empty cells at the end, and the spaces and line ends that XML and readers of CSV change."""
    stripped = [" ".join(cell.split()) for cell in cells]
    while stripped and not stripped[-1]:
        stripped.pop()
    return stripped

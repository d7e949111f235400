"""XLSX files are read as a spreadsheet program shows them, or refused in words."""

from collections.abc import Callable
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from shared.i18n.messages import load_messages
from tests.support.batch_tables import (
    PICTURES,
    describe_problems,
    list_items,
    make_archive,
    make_workbook,
    read_table,
    replace_part,
)

SHEET = "xl/worksheets/sheet1.xml"
HEADER = ("image", "prompt")


def read_prompts(data: bytes) -> list[str | None]:
    return [prompt for _, _, prompt in list_items(read_table(data, "batch.xlsx"))]


def test_rows_have_the_numbers_of_the_spreadsheet() -> None:
    data = make_workbook(("Spring",), (), HEADER, ("fox.png", "fog"), (), ("owl.png", "rain"))

    assert list_items(read_table(data, "batch.xlsx", PICTURES)) == [(4, "fox.png", "fog"), (6, "owl.png", "rain")]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (7.0, "General", "7"),
        (4294967294, "General", "4294967294"),
        (0.1 + 0.2, "General", "0.3"),
        (0.35, "0%", "35%"),
        (0.625, "0.0 %", "62.5%"),
        (7, "000", "007"),
        (7, '0 "days"', "7"),
        (7, "[Red]0.00", "7"),
        (True, "General", "TRUE"),
        (date(2026, 11, 30), "yyyy-mm-dd", "2026-11-30"),
        (date(1900, 1, 15), "d. mmmm yyyy", "1900-01-15"),
        (datetime(2026, 11, 30, 8, 15), "dd/mm/yyyy hh:mm", "2026-11-30 08:15"),  # noqa: DTZ001
        (time(16, 9), "h:mm", "16:09"),
        ("=1+1", "General", "'=1+1"),
        ("  spaces ", "General", "spaces"),
        ("two\nlines", "General", "two\nlines"),
        ("_x0041_", "General", "A"),
    ],
)
def test_a_cell_is_read_as_it_is_shown(value: object, number_format: str, shown: str) -> None:
    def set_format(book: Any) -> None:
        cell = book.active.cell(2, 1)
        cell.number_format = number_format
        if isinstance(value, str):
            cell.data_type = "s"
            cell.value = f"'{value}" if value.startswith("=") else value

    assert read_prompts(make_workbook(("prompt", "note"), (value, "x"), change=set_format)) == [shown]


def test_dates_of_a_workbook_that_counts_from_1904_are_right() -> None:
    def count_from_1904(book: Any) -> None:
        book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001

    data = make_workbook(("prompt",), (date(2026, 11, 30),), change=count_from_1904)

    assert b"date1904" in ZipFile(BytesIO(data)).read("xl/workbook.xml")
    assert read_prompts(data) == ["2026-11-30"]


def test_the_result_of_a_formula_is_read() -> None:
    data = make_workbook(("prompt",), ('="a"&" fox"',), ("owl",))
    computed = replace_part(data, SHEET, "<v></v>" if b"<v></v>" in read_sheet(data) else "<v />", "<v>a fox</v>")

    assert read_prompts(replace_part(computed, SHEET, '<c r="A2">', '<c r="A2" t="str">')) == ["a fox", "owl"]


STRINGS = """<sst><si><t>unused</t></si><si><r><t>a <!-- red --></t></r>
<r><rPr><b/></rPr><t xml:space="preserve"> fox</t></r><rPh sb="0" eb="1"><t>ignored</t></rPh></si></sst>"""
RELATION = """<Relationship Id="rId9" Target="/xl/sharedStrings.xml"
Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>"""


def test_shared_strings_with_formats_and_readings_are_read() -> None:
    data = change_sheet('t="inlineStr"><is><t>fog</t></is>', 't="s"><v>1</v>')(make_workbook(("prompt",), ("fog",)))
    data = replace_part(data, "xl/_rels/workbook.xml.rels", "</Relationships>", RELATION)
    with ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    assert read_prompts(make_archive(parts | {"xl/sharedStrings.xml": STRINGS.encode("utf-16")})) == ["a  fox"]


def read_sheet(data: bytes) -> bytes:
    return ZipFile(BytesIO(data)).read(SHEET)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('="a"&" fox"', "2: Cell A2 has a formula whose result isn't in the file."),
        ("#N/A", "2: Cell A2 shows the error #N/A instead of a value."),
        ("#REF!", "2: Cell A2 shows the error #REF! instead of a value."),
    ],
)
def test_a_cell_without_a_value_is_told_in_words(value: str, said: str) -> None:
    [problem] = describe_problems(read_table(make_workbook(("prompt",), (value,), ("owl",)), "batch.xlsx"))

    assert problem.startswith(said)


def test_an_error_in_a_column_that_nobody_needs_does_no_harm() -> None:
    lines = (("prompt", "price", "colour"), ("a {colour} fox", "#N/A", "red"), ("an owl", "#N/A", "#N/A"))

    assert read_prompts(make_workbook(*lines)) == ["a red fox", "an owl"]


def test_merged_cells_give_their_value_to_rows_that_have_something_of_their_own() -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("B2:B3")  # one prompt for two pictures
        book.active.merge_cells("A4:A6")  # a tall row
        book.active.merge_cells("B4:B6")

    data = make_workbook(HEADER, ("fox.png", "fog"), ("owl.png",), ("fox.png", "rain"), change=merge)

    assert list_items(read_table(data, "batch.xlsx", PICTURES)) == [
        (2, "fox.png", "fog"),
        (3, "owl.png", "fog"),
        (4, "fox.png", "rain"),
    ]
    notes = read_table(data, "batch.xlsx", PICTURES).notes
    assert load_messages("en").format_notes(notes) == ["One row took the value of merged cells."]


def test_hidden_rows_and_sheets_are_left_out_and_it_is_said() -> None:
    def hide(book: Any) -> None:
        book.active.row_dimensions[3].hidden = True
        book.active.title = "Prompts"
        book.create_sheet("Cover", 0).append(("Read me",))
        book.create_sheet("Old").append(("prompt",))
        book["Old"].sheet_state = "hidden"
        book.create_chartsheet("Chart")

    data = make_workbook(("prompt",), ("fog",), ("secret",), change=hide)

    assert read_prompts(data) == ["fog"]
    assert load_messages("en").format_notes(read_table(data, "batch.xlsx").notes) == [
        "I read the sheet “Prompts” and left out the others: Cover, Old.",
        "One hidden row of the table was left out.",
    ]


def change_names(data: bytes, old: str, new: str) -> bytes:
    with ZipFile(BytesIO(data)) as archive:
        return make_archive({name.replace(old, new): archive.read(name) for name in archive.namelist()})


def hide_every_sheet(data: bytes) -> bytes:
    return replace_part(data, "xl/workbook.xml", 'state="visible"', 'state="hidden"')


def change_sheet(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: replace_part(data, SHEET, old, new)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(change_sheet('"A1:B2"', '"A1:XFD1048576"'), id="a wrong dimension"),
        pytest.param(
            change_sheet("</sheetData>", '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'),
            id="a far cell",
        ),
        pytest.param(change_sheet('<row r="2">', "<row>"), id="rows without numbers"),
        pytest.param(change_sheet(' r="B2"', ""), id="cells without references"),
        pytest.param(lambda data: change_names(data, "docProps/app.xml", "docProps/other.xml"), id="a missing part"),
    ],
)
def test_an_unusual_workbook_is_read(change: Callable[[bytes], bytes]) -> None:
    rows = read_table(change(make_workbook(HEADER, ("fox.png", "fog"))), "batch.xlsx", PICTURES)

    assert list_items(rows) == [(2, "fox.png", "fog")]


ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(change_sheet("<worksheet", ENTITIES), "“batch.xlsx” is damaged", id="entities"),
        pytest.param(change_sheet("</sheetData>", "</sheet>"), "“batch.xlsx” is damaged", id="broken XML"),
        pytest.param(change_sheet('<row r="2">', '<row r="1">'), "“batch.xlsx” is damaged", id="rows twice"),
        pytest.param(
            change_sheet('t="inlineStr"><is><t>fog</t></is>', 't="s"><v>99</v>'),
            "“batch.xlsx” is damaged",
            id="a missing string",
        ),
        pytest.param(lambda data: data[:-30], "“batch.xlsx” is damaged", id="cut off"),
        pytest.param(hide_every_sheet, "I found no rows in “batch.xlsx”", id="no visible sheet"),
        pytest.param(
            change_sheet("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
            "Row 1048576 of “batch.xlsx” has something in a column beyond number 100.",
            id="a far value",
        ),
        pytest.param(
            change_sheet("</sheetData>", "<row><c><v>1</v></c></row>" * 5000 + "</sheetData>"),
            "“batch.xlsx” has more than 5000 rows.",
            id="many rows",
        ),
        pytest.param(
            change_sheet("</sheetData>", "<row></row>" * 4_000_000 + "</sheetData>"),
            "“batch.xlsx” is too large for a table: I read at most 16 MB.",
            id="a bomb",
        ),
        pytest.param(
            lambda data: change_names(data, "xl/workbook.xml", "xl/workbook.bin"),
            "“batch.xlsx” is a file of the type XLSB",
            id="XLSB",
        ),
    ],
)
def test_a_workbook_that_cannot_be_read_is_refused_in_words(change: Callable[[bytes], bytes], said: str) -> None:
    data = change(make_workbook(HEADER, ("fox.png", "fog")))

    [problem] = describe_problems(read_table(data, "batch.xlsx"))

    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            make_archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}),
            "OpenDocument",
        ),
        (make_archive({"Index/Document.iwa": b"x", "preview.jpg": b"\xff\xd8\xff"}), "of the type Numbers"),
        (make_archive({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}), "of the type Word"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "of the type Excel 97–2003"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "protected by a password",
        ),
    ],
)
def test_files_of_other_programs_are_refused_by_name(data: bytes, said: str) -> None:
    [problem] = describe_problems(read_table(data, "batch.file"))

    assert said in problem

"""Tables of delimited text are read as spreadsheets and people write them, or refused in words."""

import pytest

from bot.batches.reading.files import read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import BatchRows, SentFile
from shared.i18n.messages import describe_problem

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PICTURES = ("fox.png", "owl.png")


def read_rows(
    data: bytes, name: str = "batch.csv", pictures: tuple[str, ...] = PICTURES, template: str = ""
) -> BatchRows:
    files = [SentFile(name, data), *(SentFile(picture, PNG) for picture in pictures)]
    return build_rows(read_files(files), template)


def list_items(rows: BatchRows) -> list[tuple[int, str | None, str | None]]:
    """List each item's row, picture and prompt."""
    assert rows.problems == ()
    assert [describe_problem(problem) for row in rows.rows for problem in row.problems] == []
    return [
        (row.number, item.picture.name if item.picture else None, item.options.get("prompt"))
        for row in rows.rows
        for item in row.items
    ]


SNOW, RAIN = (2, "fox.png", "fée, dans la neige"), (3, "owl.png", "pluie d'été")
TEXT = 'image;prompt\r\nfox.png;"fée, dans la neige"\r\nowl.png;pluie d\'été\r\n'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT.encode(), id="UTF-8"),
        pytest.param(TEXT.encode("utf-8-sig"), id="a mark of UTF-8"),
        pytest.param(TEXT.replace(";", "\t").encode("utf-16"), id="Unicode text of Excel"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), id="UTF-16, the other way round"),
        pytest.param(TEXT.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(TEXT.encode("utf-32"), id="UTF-32"),
        pytest.param(TEXT.encode("cp1252"), id="Windows-1252"),
        pytest.param(TEXT.encode("mac_roman"), id="Excel for Mac"),
        pytest.param(TEXT.replace("\r\n", "\r").encode("mac_roman"), id="line ends of old Macs"),
        pytest.param(TEXT.replace("\r\n", "\n").encode(), id="line ends of Unix"),
        pytest.param(TEXT.replace(";", "\t").encode(), id="tabs"),
        pytest.param(TEXT.replace(";", "|").encode(), id="bars"),
        pytest.param(TEXT.replace(";", ",").encode(), id="commas"),
        pytest.param(TEXT.replace("\r\n", ";;;\r\n").encode(), id="trailing columns"),
        pytest.param((TEXT + ";\r\n" * 300).encode(), id="trailing rows"),
        pytest.param(TEXT.rstrip().encode(), id="no end of the last line"),
        pytest.param(TEXT.replace("image;prompt", "Fichier ; Invite").encode(), id="a French header"),
        pytest.param(TEXT.replace("image;prompt", '"IMAGE";"  Prompt: "').encode(), id="capitals, spaces, quotes"),
        pytest.param(TEXT.replace("image;prompt", "\u200bimage;\u00a0prompt*").encode(), id="invisible characters"),
        pytest.param(b"sep=;\r\n" + TEXT.encode(), id="Excel's line for the separator"),
    ],
)
def test_a_table_is_read_whichever_program_wrote_it(data: bytes) -> None:
    assert list_items(read_rows(data)) == [SNOW, RAIN]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("prompt\na cat, a dog\nrain; snow, fog\n", [(2, None, "a cat, a dog"), (3, None, "rain; snow, fog")]),
        ('prompt,note\n"one\ntwo",x\nthree,y\n', [(2, None, "one\ntwo"), (3, None, "three")]),
        ('prompt,note\n"12"" wide",x\n', [(2, None, '12" wide')]),
        ('prompt,note\n12" wide,x\n', [(2, None, '12" wide')]),
        ('image, prompt\nfox.png, "red, blue"\n', [(2, "fox.png", "red, blue")]),
        ("Spring batch,,\n,,\nprompt,seed,note\nfog,7,\n", [(4, None, "fog")]),
        ("prompt,note\n\n\nfog,\n", [(4, None, "fog")]),
        ("fox.png,in fog\nowl.png,in rain\n", [(1, "fox.png", "in fog"), (2, "owl.png", "in rain")]),
        ("in fog;fox.png\n", [(1, "fox.png", "in fog")]),
        (
            "prompt,note\n'=1+1,\n'-- dark --,\n-- light --,\n",
            [(2, None, "=1+1"), (3, None, "-- dark --"), (4, None, "-- light --")],
        ),
    ],
)
def test_the_row_of_a_spreadsheet_and_its_words_are_kept(text: str, items: list[tuple[int, str, str]]) -> None:
    assert list_items(read_rows(text.encode(), pictures=PICTURES if ".png" in text else ())) == items

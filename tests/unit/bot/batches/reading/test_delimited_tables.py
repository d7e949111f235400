"""Tables of delimited text are read as spreadsheets and people write them, or refused in words."""

import pytest

from shared.i18n.messages import load_messages
from tests.support.batch_tables import PICTURES, describe_problems, list_items, read_table

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
    assert list_items(read_table(data, pictures=PICTURES)) == [SNOW, RAIN]


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
    assert list_items(read_table(text.encode(), pictures=PICTURES if ".png" in text else ())) == items


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'prompt,note\na,b\n"never closed,x\nmore,y\n', "A quotation mark in row 3 of “batch.csv” is never closed"),
        (b'prompt,note\na,b\n"' + b"x,\n" * 200_000, "A quotation mark in row 3"),
        (b"colour,size\nred,large\n", "I don't recognise the columns of “batch.csv”"),
        (b"fox.png,in fog,7\nowl.png,in rain,8\n", "I don't recognise the columns"),
        (b"fox.png,owl.png\nowl.png,in rain\n", "I don't recognise the columns"),
        (b"prompt,Invite\na,b\n", "has the column “Invite” twice"),
        (b"prompt,colour,Colour\na,b,c\n", "has the column “Colour” twice"),
        (b"prompt,seed\n", "I found no rows"),
        (b" , \n,,,\n", "I found no rows"),
        ("prompt\nлиса в снегу\n".encode("cp1251"), "Save the table as “CSV UTF-8”"),
        ("prompt\n雪の中の狐\n".encode("shift_jis"), "Save the table as “CSV UTF-8”"),
        ("prompt\nété, été\n".encode() + b"\xe9\n", "Save the table as “CSV UTF-8”"),
        ("prompt\nété\n".encode("utf-16")[:-1], "Save the table as “CSV UTF-8”"),
        (b"prompt" + b"," * 120 + b"x\na\n", "beyond number 100"),
        (b"prompt\n" + b"a\n" * 5000, "more than 5000 rows"),
        (b"prompt\n" + b"a" * 40_000 + b"\n", "A cell in row 2 of “batch.csv” is longer than 32767 characters"),
        (b"prompt\n" + b"\n" * 9_000_000, "too large for a table"),
        (b"", "“batch.csv” is empty"),
        (b"prompt\n" + b"a\n" * 501, "would make 501 pictures, and a batch has at most 500"),
        (b"prompt\n\x00\x01\x02\n", "I can't read “batch.csv”"),
        (b"<html><table><tr><td>prompt</td></tr></table></html>", "I can't read “batch.csv”"),
        (b"%PDF-1.7 prompt", "I can't read “batch.csv”"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_words(data: bytes, sentence: str) -> None:
    [said] = describe_problems(read_table(data))

    assert sentence in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,prompt,keep\nfox.png,red fox, snow,35\n", "2: This row has 4 cells, and the header only 3."),
        ("prompt,keep\na,0,35\n", "2: This row has 3 cells, and the header only 2."),
        ("prompt;keep\na;0,35\n", "2: “keep” is a percentage, and 0,35 % would keep almost nothing."),
        ("prompt;fit\na;wide\n", "2: “fit” can't be “wide”. Choose one of these: crop, pad, stretch."),
        ("prompt;count\na;0\n", "2: “0” isn't a number of pictures."),
        ("prompt;count\na;many\n", "2: “many” isn't a number of pictures."),
        ("prompt;colour\na {size} fox;red\n", "2: The prompt names the column “size”, and there is none."),
        ("prompt;colour\na {red fox;red\n", "2: The braces in “a {red fox” don't match."),
        ("image;prompt\nhttps://example.com/a.png;fox\n", "2: “https://example.com/a.png” is a link"),
        ("image;prompt\nfoxy.png;fox\n", "2: There's no picture called “foxy.png” among your files. Did you mean"),
        ("image;prompt\nzebra.png;fox\n", "2: There's no picture called “zebra.png” among your files. Attach it"),
    ],
)
def test_a_row_that_is_wrong_is_told_in_words(text: str, said: str) -> None:
    [problem] = describe_problems(read_table(text.encode(), pictures=PICTURES if "image" in text else ()))

    assert problem.startswith(said)


@pytest.mark.parametrize("words", ["don’t", "“fog”, he said", "l’été", "naïve", "ÉTÉ à Nîmes", "50 € – ½ price", "ça"])
@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
def test_an_old_encoding_is_recognised_by_its_letters(words: str, encoding: str) -> None:
    try:
        data = f"prompt;note\n{words};x\n".encode(encoding)
    except UnicodeEncodeError:  # the Macintosh had no ½
        return
    rows = read_table(data)

    assert list_items(rows) == [(2, None, words)]
    assert load_messages("en").format_notes(rows.notes) == [
        "“batch.csv” doesn't say how its letters are stored: look whether accents are right."
    ]


def test_every_row_that_is_wrong_is_told_at_once_and_the_others_are_right() -> None:
    rows = read_table(b"image;prompt;count\nfox.png;a;2\nfix.png;{;x\nowl.png;b;\n", pictures=PICTURES).rows

    assert [(row.number, len(row.items), len(row.problems)) for row in rows] == [(2, 2, 0), (3, 0, 3), (4, 1, 0)]


def test_numbers_and_choices_are_read_as_people_and_spreadsheets_write_them() -> None:
    text = (
        "Invite;Graine;Garder;Style;Format;Modèle;Éviter;Nombre;Nom;Note;étapes\n"
        "a;7,0;62,5 %;Pellicule argentique;16:09:00;SD 3.5 Large;mains;1,0; Renard ;à revoir;20\n"
        "b;4 294 967 294;35;Analog film;JPG;;;;;;\n"
    )
    [[first], [second]] = [row.items for row in read_table(text.encode("cp1252")).rows]

    assert (first.name, first.note) == ("Renard", "à revoir")
    assert first.options == {
        "prompt": "a",
        "seed": "7",
        "keep": "62,5 %",
        "style_preset": "analog-film",
        "aspect_ratio": "16:9",
        "model": "SD 3.5 Large",
        "negative": "mains",
        "steps": "20",
    }
    assert second.options == {
        "prompt": "b",
        "seed": "4 294 967 294",
        "keep": "35",
        "style_preset": "analog-film",
        "output_format": "jpeg",
    }


@pytest.mark.parametrize("written", ["3:2", "03:02", "03:02:00", "3/2", "3 x 2", "3×2"])
def test_an_aspect_that_a_spreadsheet_made_a_time_is_read(written: str) -> None:
    [[item]] = [row.items for row in read_table(f"prompt;aspect\na;{written}\n".encode()).rows]

    assert item.options["aspect_ratio"] == "3:2"

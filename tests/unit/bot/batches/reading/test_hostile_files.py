"""Whatever bytes people send, they are read or refused in words, within a small memory."""

import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.batches.reading.columns import KNOWN_COLUMNS
from bot.batches.reading.files import PictureLoader, read_files
from bot.batches.reading.options import read_options
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import SentFile
from shared.catalogue import load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.problems import RejectedError
from shared.request.builder import build_request
from tests.support.batch_tables import PNG, make_archive, make_workbook

MIB = 1 << 20
CATALOGUE = load_catalogue()
NAMES = st.sampled_from(["a.csv", "a.tsv", "a.xlsx", "a.zip", "a.png", "a", "..", "\u202e", "x" * 300])
BEGINNINGS = st.sampled_from(
    [
        b"",
        b"prompt;image\n",
        b"sep=;\nprompt;count\n",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"PK\x03\x04",
        b"PK\x05\x06",
        PNG,
    ]
)


def read_whatever(data: bytes, name: str, template: str = "") -> None:
    files = [SentFile(name, data), SentFile("fox.png", PNG)]
    found = read_files(files, template)
    rows = build_rows(found, template)
    for language in list_languages():
        messages = load_messages(language)
        said = [messages.format_problem(problem) for row in rows.rows for problem in row.problems]
        said += [*map(messages.format_problem, rows.problems), *messages.format_notes(rows.notes)]
        assert not any(messages.text("problem.unknown_problem", code="") in sentence for sentence in said)
    with PictureLoader(files) as loader:
        for picture in found.pictures:
            try:
                assert len(loader.load_picture(picture)) == picture.size
            except RejectedError as rejection:
                assert rejection.problems


@given(BEGINNINGS, st.binary(max_size=400), NAMES)
def test_any_bytes_are_read_or_refused(beginning: bytes, rest: bytes, name: str) -> None:
    read_whatever(beginning + rest, name)


@given(st.text(alphabet="pimagerot;,|\t\"\n\r {}='1", max_size=200), st.text(alphabet="{}|,a prompt", max_size=20))
def test_any_text_is_read_or_refused(text: str, template: str) -> None:
    read_whatever(f"prompt;image;count\n{text}".encode(), "a.csv", template)


VALUES = st.text(max_size=12) | st.sampled_from(
    ["9" * 5000, "1e400", "NaN", "-0", "٣", "xyz", "png", "0:0", "0,5", "\x00"]
)


@given(st.dictionaries(st.sampled_from(KNOWN_COLUMNS), VALUES, min_size=1))
def test_any_options_are_those_of_a_request_or_refused(cells: dict[str, str]) -> None:
    options, problems = read_options(cells)
    if problems:
        return
    try:
        typed: dict[str, Any] = {"prompt": "fog"} | options
        request = build_request(CATALOGUE, has_picture=True, **typed).request
    except RejectedError as rejection:
        assert rejection.problems
    else:
        assert request.model in CATALOGUE.models


def store_uncompressed(data: bytes) -> bytes:
    """Store the entries of a ZIP file as they are, so that a changed byte is one of their contents."""
    file = BytesIO()
    with ZipFile(BytesIO(data)) as archive, ZipFile(file, "w", ZIP_STORED) as stored:
        for name in archive.namelist():
            stored.writestr(name, archive.read(name))
    return file.getvalue()


WORKBOOK = make_workbook(("image", "prompt", "seed"), ("fox.png", "fog", 7), ("fox.png", "=1+1", 0.5))
ARCHIVE = make_archive({"fox.png": PNG, "rows.csv": b"image;prompt\nfox.png;fog\n"})


@pytest.mark.parametrize("data", [WORKBOOK, ARCHIVE, store_uncompressed(WORKBOOK), store_uncompressed(ARCHIVE)])
@given(changes=st.lists(st.tuples(st.floats(0, 0.9999), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused(data: bytes, changes: list[tuple[float, bytes]]) -> None:
    damaged = bytearray(data)
    for place, new in changes:
        position = int(place * len(data))
        damaged[position : position + len(new)] = new

    read_whatever(bytes(damaged), "a.zip")


@pytest.mark.parametrize(("offset", "byte"), [(46, b"\0"), (25, b"\1")])  # of its name, and of its size
def test_an_entry_with_a_name_or_a_size_that_is_wrong_is_refused(offset: int, byte: bytes) -> None:
    stored = store_uncompressed(ARCHIVE)
    place = stored.index(b"PK\x01\x02") + offset

    read_whatever(stored[:place] + byte + stored[place + 1 :], "a.zip")


def make_xlsx_bomb(part: str, piece: bytes, end: bytes) -> bytes:
    with ZipFile(BytesIO(WORKBOOK)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before, _, _ = parts[part].partition(end)
    return make_archive(parts | {part: before + piece * (15 * MIB // len(piece)) + parts[part][len(before) :]})


BOMBS: dict[str, Callable[[], bytes]] = {
    "cells": lambda: make_xlsx_bomb("xl/worksheets/sheet1.xml", b"<row><c/></row>", b"</sheetData>"),
    "text": lambda: make_xlsx_bomb("xl/worksheets/sheet1.xml", b" " * 1024, b"</sheetData>"),
    "nesting": lambda: make_xlsx_bomb("xl/worksheets/sheet1.xml", b"<a>" * 1024, b"</sheetData>"),
    "merged cells": lambda: make_xlsx_bomb(
        "xl/worksheets/sheet1.xml", b'<mergeCell ref="A1:A9999999"/>', b"</worksheet>"
    ),
    "zeros": lambda: make_archive({f"{n}.png": PNG + bytes(MIB - 100) for n in range(60)}),
    "names": lambda: make_archive({"x" * 60_000 + str(n): b"" for n in range(15)}),
    "quotes": lambda: b'prompt;x\n"' + b'";"' * (2 * MIB),
    "lines": lambda: b"prompt\n" + b"\n" * (7 * MIB),
    "columns": lambda: b"prompt\n" + b";" * (7 * MIB),
    "lists": lambda: b"prompt\n" + b"{a,b}" * 200,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_little_memory(bomb: str) -> None:
    data = BOMBS[bomb]()
    tracemalloc.start()
    try:
        read_whatever(data, "bomb")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 150 * MIB, f"{peak / MIB:.0f} MiB"

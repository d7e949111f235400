"""Archives are read without unpacking them: bombs, paths, links and passwords are refused in words."""

import stat
import struct
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from bot.batches.reading.files import PictureLoader, read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import SentFile
from shared.i18n.messages import describe_problem, load_messages
from shared.problems import RejectedError
from tests.support.batch_tables import PNG, describe_problems, list_items, make_archive, make_workbook

MIB = 1 << 20


def list_paths(data: bytes) -> list[str]:
    files = read_files([SentFile("pictures.zip", data)])
    assert [describe_problem(problem) for problem in files.problems] == []
    return [picture.path for picture in files.pictures]


def make_named_archive(name: str, *, flag: int = 0, link: bool = False, method: int = ZIP_DEFLATED) -> bytes:
    """Make an archive of one picture; the flags of its name are as some program writes them."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        info = ZipInfo("placeholder")
        info.compress_type = method
        info.external_attr = (stat.S_IFLNK | 0o777) << 16 if link else 0
        info.filename = name
        archive.writestr(info, PNG)
    data = file.getvalue()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = data.index(signature) + offset
        flags = struct.unpack_from("<H", data, position)[0]
        data = data[:position] + struct.pack("<H", (flags & ~0x800) | flag) + data[position + 2 :]
    return data


def test_pictures_of_an_archive_come_in_natural_order_without_the_files_that_systems_add() -> None:
    names = ("b/img10.png", "b/img2.png", "a.png", "__MACOSX/a.png", ".DS_Store", "b/._img2.png", "Thumbs.db", "c/")

    assert list_paths(make_archive(dict.fromkeys(names, PNG))) == ["a.png", "b/img2.png", "b/img10.png"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (make_named_archive("été.png", flag=0x800), "été.png"),
        (make_named_archive("été.png"), "été.png"),  # macOS
        (make_named_archive("fox\u202egnp.png", flag=0x800), "foxgnp.png"),
        (make_named_archive("fox\x07\x1b[31m.png", flag=0x800), "fox[31m.png"),
        (make_named_archive("a\\b\\fox.png"), "a/b/fox.png"),
        (make_named_archive("./fox.png"), "fox.png"),
        (make_named_archive("a" * 3000 + ".png"), "a" * 3000 + ".png"),
    ],
)
def test_odd_names_are_read(data: bytes, path: str) -> None:
    assert list_paths(data) == [path]


def test_a_name_in_the_code_page_of_old_windows_is_read() -> None:
    data = make_named_archive("XtX.png").replace(b"XtX.png", "été.png".encode("cp437"))

    assert list_paths(data) == ["été.png"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (make_named_archive("../fox.png"), "“../fox.png” in “pictures.zip” has a path that leads out of the file."),
        (make_named_archive("a/../../fox.png"), "has a path that leads out"),
        (make_named_archive("/etc/fox.png"), "has a path that leads out"),
        (make_named_archive("C:\\fox.png"), "has a path that leads out"),
        (make_named_archive("fox.png", flag=1), "“pictures.zip” is protected by a password."),
        (make_named_archive("fox.png", method=ZIP_BZIP2), "“fox.png” is compressed in an unusual way."),
        (make_named_archive("fox.png", link=True), "There's nothing to make in what you sent."),
        (
            make_archive({"inner.zip": make_archive({"fox.png": PNG})}),
            "“inner.zip” in “pictures.zip” is an archive of its own",
        ),
        (
            make_archive({"a.xlsx": make_archive({"fox.png": PNG})}),
            "“a.xlsx” in “pictures.zip” is an archive of its own",
        ),
        (make_archive({f"{n}.png": PNG for n in range(2001)}), "“pictures.zip” holds more than 2000 files."),
        (make_archive({"x" * 1000 + str(n): b"" for n in range(1100)}), "“pictures.zip” holds more than 2000 files."),
        (make_archive({"zeros.png": PNG + bytes(20 * MIB)}), "“zeros.png” in “pictures.zip” unpacks to far more"),
        (make_archive({"fox.png": PNG})[:-20], "“pictures.zip” is damaged"),
        (
            make_archive({"fox.png": PNG}).replace(b"PK\x05\x06", b"PK\x06\x07" + bytes(16) + b"PK\x05\x06"),
            "is damaged",
        ),
        (make_archive({"readme.txt": b"hello"}), "There's nothing to make in what you sent."),
        (make_archive({"a.csv": b"prompt\na\n", "b.csv": b"prompt\na\n"}), "You sent several tables: a.csv, b.csv."),
    ],
)
def test_an_archive_that_is_no_folder_of_pictures_is_refused_in_words(data: bytes, said: str) -> None:
    [problem] = describe_problems(build_rows(read_files([SentFile("pictures.zip", data)])))

    assert said in problem


def test_an_archive_that_unpacks_to_more_than_two_gigabytes_is_refused() -> None:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", PNG)
    data = bytearray(file.getvalue())
    position = -1
    while (position := data.find(b"PK\x01\x02", position + 1)) >= 0:
        struct.pack_into("<2L", data, position + 20, 900 * MIB, 900 * MIB)

    [problem] = describe_problems(build_rows(read_files([SentFile("pictures.zip", bytes(data))])))

    assert problem.startswith("“pictures.zip” would unpack to more than 2048 MB.")


def test_a_damaged_picture_is_told_when_it_is_loaded() -> None:
    data = bytearray(make_archive({"fox.png": PNG + bytes(range(256)) * 100}))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 16, 0)  # its checksum
    files = [SentFile("pictures.zip", bytes(data))]
    [picture] = read_files(files).pictures

    with PictureLoader(files) as loader, pytest.raises(RejectedError, match="batch_archive_broken"):
        loader.load_picture(picture)


def test_an_entry_that_is_longer_than_the_directory_says_is_refused() -> None:
    data = bytearray(make_archive({"fox.png": PNG + bytes(10 * MIB)}))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 100)

    [problem] = describe_problems(build_rows(read_files([SentFile("pictures.zip", bytes(data))])))

    assert problem.startswith("“fox.png” is damaged")


@pytest.mark.parametrize("table", [("rows.csv", b"image;prompt\nfox.png;fog\n"), ("rows.xlsx", None)])
def test_an_archive_may_hold_the_table_and_the_pictures_that_it_names(table: tuple[str, bytes | None]) -> None:
    name, text = table
    data = text or make_workbook(("image", "prompt"), ("fox.png", "fog"))
    archive = make_archive(
        {f"spring/{name}": data, "spring/fox.png": PNG, "spring/owl.png": PNG, "spring/readme.md": b"x"}
    )

    rows = build_rows(read_files([SentFile("spring.zip", archive)]))

    assert list_items(rows) == [(2, "spring/fox.png", "fog")]
    assert [picture.path for picture in rows.unused_pictures] == ["spring/owl.png"]
    assert load_messages("en").format_notes(rows.notes) == [
        "One file is neither a picture nor a table, and was left out: spring/readme.md.",
        "One picture isn't named by any row: spring/owl.png.",
    ]


def test_pictures_are_loaded_one_at_a_time_from_whichever_file_they_are_in() -> None:
    contents = {name: PNG + name.encode() for name in ("a.png", "b.png", "c.png")}
    files = [
        SentFile("one.zip", make_archive({"a.png": contents["a.png"]})),
        SentFile("b.png", contents["b.png"]),
        SentFile("two.zip", make_archive({"c.png": contents["c.png"]})),
    ]
    pictures = read_files(files).pictures

    with PictureLoader(files) as loader:
        loaded = {picture.path: loader.load_picture(picture) for picture in (*pictures, *pictures)}

    assert loaded == contents

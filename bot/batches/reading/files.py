"""The files that a person sent: the pictures and the table among them."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Final, Self
from zipfile import ZipFile

from bot.batches.reading.archives import ArchiveEntry, list_entries
from bot.batches.reading.delimited_text import read_delimited_text
from bot.batches.reading.file_types import HEAD_BYTES, FileType, sniff_file_type
from bot.batches.reading.limits import MAX_TABLE_BYTES, list_names, shorten_text
from bot.batches.reading.office_files import OFFICE_EXTENSIONS, is_office_file, make_ole2_problem, read_spreadsheet
from bot.batches.reading.prompts import list_template_columns
from bot.batches.reading.tables import build_table
from bot.batches.reading.values import PictureRef, ReadFiles, SentFile, Table
from bot.batches.reading.zip_files import open_zip_file, read_entry
from shared.imaging.sniffing import sniff_image_type
from shared.notes import Note, make_note
from shared.problems import Problem, RejectedError, make_problem
from shared.typed_text import remove_invisible

_TABLE_EXTENSIONS: Final = (".csv", ".tsv", ".tab")


def read_files(files: Sequence[SentFile], template: str = "") -> ReadFiles:
    """Find the pictures and the table among the files, in their order. The columns of a `template` are recognised.

    A file that is read in part or not at all has a problem. Pictures are not loaded: see `PictureLoader`.
    """
    reader = _FilesReader(list_template_columns(template))
    for index, file in enumerate(files):
        try:
            reader.read_file(replace(file, name=remove_invisible(file.name)), index)  # some turn the direction
        except RejectedError as rejection:
            reader.problems += rejection.problems
    if len(reader.tables) > 1:
        names = list_names(table.file_name for table in reader.tables)
        reader.problems.append(make_problem("batch_tables_several", names=names))
    table = reader.tables[0] if reader.tables else None
    if reader.ignored:
        names = list_names(reader.ignored)
        reader.notes.append(make_note("batch_files_ignored", count=len(reader.ignored), names=names))
    notes = (*(table.notes if table else ()), *reader.notes)
    return ReadFiles(tuple(reader.pictures), table, notes, tuple(reader.problems))


class PictureLoader:
    """Loads pictures of the files one at a time; to be used in a `with` statement."""

    def __init__(self, files: Sequence[SentFile]) -> None:
        self._files = files
        self._stack = ExitStack()
        self._archive: tuple[int, ZipFile] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def load_picture(self, picture: PictureRef) -> bytes:
        """Load the bytes of a picture. Raises `RejectedError` if the archive is damaged."""
        file = self._files[picture.file_index]
        if picture.entry_index is None:
            with file.open() as opened:
                return opened.read()
        if self._archive is None or self._archive[0] != picture.file_index:
            self._stack.close()
            archive = self._stack.enter_context(open_zip_file(self._stack.enter_context(file.open()), file.name))
            self._archive = (picture.file_index, archive)
        archive = self._archive[1]
        data = read_entry(archive, archive.infolist()[picture.entry_index], picture.size, picture.path)
        if len(data) < picture.size:
            raise RejectedError(make_problem("batch_archive_broken", name=shorten_text(picture.path)))
        return data


@dataclass
class _FilesReader:
    """Collects what is found in files; `wanted` are the columns that a template names."""

    wanted: Collection[str] = ()
    pictures: list[PictureRef] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read_file(self, file: SentFile, index: int) -> None:
        """Read one file. Raises `RejectedError` if it is of no use."""
        if not file.size:
            raise RejectedError(make_problem("batch_file_empty", name=shorten_text(file.name)))
        with file.open() as opened:
            head = opened.read(HEAD_BYTES)
        image_type = sniff_image_type(head)
        match sniff_file_type(head):
            case FileType.ZIP:
                self._read_zip(file, index)
            case FileType.TEXT:
                self._read_text_table(_load_table(file), file.name)
            case FileType.OLE2:
                raise RejectedError(make_ole2_problem(_load_table(file), file.name))
            case _ if image_type:
                self.pictures.append(PictureRef(file.name, image_type, file.size, index))
            case _:
                raise RejectedError(make_problem("batch_file_type", name=shorten_text(file.name)))

    def _read_zip(self, file: SentFile, index: int) -> None:
        """Read a spreadsheet, or an archive of pictures and a table."""
        with file.open() as opened, open_zip_file(opened, file.name) as archive:
            if is_office_file(archive):
                self.tables.append(read_spreadsheet(archive, file.name, self.wanted))
                return
            for entry in list_entries(archive, file.name):
                self._read_entry(archive, entry, file.name, index)

    def _read_entry(self, archive: ZipFile, entry: ArchiveEntry, archive_name: str, index: int) -> None:
        head = read_entry(archive, entry.info, HEAD_BYTES, entry.path)
        image_type = sniff_image_type(head)
        if image_type:
            self.pictures.append(PictureRef(entry.path, image_type, entry.info.file_size, index, entry.index))
        elif sniff_file_type(head) is FileType.ZIP:
            self._read_inner_zip(archive, entry, archive_name)
        elif entry.path.lower().endswith(_TABLE_EXTENSIONS):
            _check_table_size(entry.info.file_size, entry.path)
            data = read_entry(archive, entry.info, MAX_TABLE_BYTES, entry.path)
            self._read_text_table(data, entry.path)
        else:
            self.ignored.append(entry.path)

    def _read_inner_zip(self, archive: ZipFile, entry: ArchiveEntry, archive_name: str) -> None:
        """Read a spreadsheet in an archive."""
        nested = make_problem("batch_archive_nested", name=shorten_text(archive_name), entry=shorten_text(entry.path))
        if not entry.path.lower().endswith(OFFICE_EXTENSIONS):
            raise RejectedError(nested)
        _check_table_size(entry.info.file_size, entry.path)
        data = BytesIO(read_entry(archive, entry.info, MAX_TABLE_BYTES, entry.path))
        with open_zip_file(data, entry.path) as inner:
            if not is_office_file(inner):
                raise RejectedError(nested)
            self.tables.append(read_spreadsheet(inner, entry.path, self.wanted))

    def _read_text_table(self, data: bytes, name: str) -> None:
        written, lines, notes = read_delimited_text(data, name, self.wanted)
        self.tables.append(build_table(name, written, lines, notes, self.wanted))


def _load_table(file: SentFile) -> bytes:
    _check_table_size(file.size, file.name)
    with file.open() as opened:
        return opened.read(MAX_TABLE_BYTES)


def _check_table_size(size: int, name: str) -> None:
    if size > MAX_TABLE_BYTES:
        limit = f"{MAX_TABLE_BYTES >> 20} MiB"
        raise RejectedError(make_problem("batch_table_too_large", name=shorten_text(name), limit=limit))

"""Opening ZIP files from strangers: their directory is checked before it is loaded, and entries unpack piece by piece.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from bot.batches.reading.limits import MAX_ARCHIVE_ENTRIES, MAX_DIRECTORY_BYTES, shorten_text
from shared.problems import RejectedError, make_problem

_END_SIGNATURE: Final = b"PK\x05\x06"
_ZIP64_SIGNATURE: Final = b"PK\x06\x07"
_END: Final = struct.Struct("<4s4H2LH")
_MAX_COMMENT_BYTES: Final = 0xFFFF
_ENCRYPTED_FLAGS: Final = 0x1 | 0x40 | 0x2000
_READ_ERRORS: Final = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""The exceptions by which `zipfile` says that a file is damaged or unusual."""


@contextmanager
def open_zip_file(file: BinaryIO, name: str) -> Iterator[ZipFile]:
    """Open a ZIP file called `name`. Raises `RejectedError` if it is damaged, encrypted, or has too many entries."""
    shown = shorten_text(name)
    with _translate_errors(shown):
        if _read_directory_size(file) > MAX_DIRECTORY_BYTES:
            raise RejectedError(make_problem("batch_archive_entries", name=shown, limit=MAX_ARCHIVE_ENTRIES))
        archive = ZipFile(file)
    with archive:
        entries = archive.infolist()
        if len(entries) > MAX_ARCHIVE_ENTRIES:
            raise RejectedError(make_problem("batch_archive_entries", name=shown, limit=MAX_ARCHIVE_ENTRIES))
        if any(entry.flag_bits & _ENCRYPTED_FLAGS for entry in entries):
            raise RejectedError(make_problem("batch_file_encrypted", name=shown))
        yield archive


def read_entry(archive: ZipFile, entry: ZipInfo, size: int, name: str) -> bytes:
    """Read at most the first `size` bytes of an entry. Raises `RejectedError` if the file called `name` is damaged."""
    with open_entry(archive, entry, name) as file:
        return file.read(size)


@contextmanager
def open_entry(archive: ZipFile, entry: ZipInfo, name: str) -> Iterator["EntryReader"]:
    """Open an entry. Raises `RejectedError` if the file called `name` is damaged, or packed in an unusual way.

    Only two methods are read: a few bytes packed by another may ask for gigabytes of memory.
    """
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise RejectedError(make_problem("batch_archive_method", name=shorten_text(name)))
    with _translate_errors(name):
        file = archive.open(entry)
    with file:
        yield EntryReader(file, name)


class EntryReader:
    """Reads an entry, whatever of it is damaged."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name

    def read(self, size: int) -> bytes:
        """Read the next bytes, at most `size`. Raises `RejectedError`."""
        with _translate_errors(self._name):
            return self._file.read(size)


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    try:
        yield
    except _READ_ERRORS as error:
        raise RejectedError(make_problem("batch_archive_broken", name=shorten_text(name))) from error


def _read_directory_size(file: BinaryIO) -> int:
    """Read how many bytes the directory has. Raises `BadZipFile` if there is none, or one for more than 4 GiB."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _END.size - _MAX_COMMENT_BYTES - 20))
    tail = file.read()
    file.seek(0)
    position = tail.rfind(_END_SIGNATURE)
    if position < 0 or len(tail) - position < _END.size:
        raise BadZipFile("no end of the directory")
    if _ZIP64_SIGNATURE in tail[max(0, position - 20) : position]:
        raise BadZipFile("a directory of ZIP64")
    return int(_END.unpack_from(tail, position)[5])

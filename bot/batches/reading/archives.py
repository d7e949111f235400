"""The pictures and tables in an archive that a person sent."""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zipfile import ZipFile, ZipInfo

from bot.batches.reading.limits import MAX_ARCHIVE_BYTES, MAX_RATIO, shorten_text
from shared.problems import RejectedError, make_problem
from shared.typed_text import remove_invisible

_UTF8_FLAG: Final = 0x800
_FREE_RATIO_BYTES: Final = 1 << 20
_IGNORED: Final = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^/]*|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_NATURAL: Final = re.compile(r"(\d{1,18})")


@dataclass(frozen=True)
class ArchiveEntry:
    """A file in an archive: its place in the directory, and its path without characters that do not show."""

    index: int
    path: str
    info: ZipInfo


def list_entries(archive: ZipFile, name: str) -> list[ArchiveEntry]:
    """List the files of an archive called `name`, in the natural order of their paths.

    Without folders, links, and files that systems add. Raises `RejectedError` if a path leads out of the archive, or if
    the files unpack to more than a person would pack.
    """
    entries = list(_find_entries(archive, name))
    if sum(entry.info.file_size for entry in entries) > MAX_ARCHIVE_BYTES:
        limit = f"{MAX_ARCHIVE_BYTES >> 20} MiB"
        raise RejectedError(make_problem("batch_archive_too_large", name=shorten_text(name), limit=limit))
    return sorted(entries, key=lambda entry: _make_sort_key(entry.path))


def _find_entries(archive: ZipFile, name: str) -> Iterator[ArchiveEntry]:
    for index, info in enumerate(archive.infolist()):
        path = _clean_path(_decode_name(info))
        shown = {"name": shorten_text(name), "entry": shorten_text(path)}
        parts = path.split("/")
        if ".." in parts or path.startswith("/") or re.match("[A-Za-z]:", path):
            raise RejectedError(make_problem("batch_archive_path", **shown))
        if not path or path.endswith("/") or _is_link(info) or _IGNORED.search(path):
            continue
        if info.file_size > _FREE_RATIO_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
            raise RejectedError(make_problem("batch_archive_ratio", **shown))
        yield ArchiveEntry(index, path, info)


def _decode_name(info: ZipInfo) -> str:
    """Decode a name without the flag of UTF-8: macOS writes UTF-8 nevertheless, others the code page 437."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _clean_path(path: str) -> str:
    return remove_invisible(path).replace("\\", "/").removeprefix("./")


def _is_link(info: ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _make_sort_key(path: str) -> list[tuple[int, int, str]]:
    """Make a key by which `img2` comes before `img10`."""
    parts = _NATURAL.split(path.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]

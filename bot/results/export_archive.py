"""A zip archive of an export that never exceeds the upload limit."""

import io
import json
import zipfile
from typing import Any, Final

_ENTRY_OVERHEAD: Final = 512  # upper bound of the zip's own bytes for a file, and of those for a manifest entry
_ARCHIVE_OVERHEAD: Final = 1024


class ExportArchive:
    """A zip archive of at most `limit` bytes: pictures, and a manifest of their jobs and of jobs without a picture."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED)
        self._entries: list[dict[str, Any]] = []
        self._reserved_bytes = _ARCHIVE_OVERHEAD

    @property
    def is_empty(self) -> bool:
        """Whether no job was added yet."""
        return not self._entries

    def has_room_for(self, entry: dict[str, Any], picture: bytes | None) -> bool:
        """Return whether one more job fits."""
        used = self._buffer.tell() + self._reserved_bytes
        return used + _estimate_entry_size(entry) + len(picture or b"") <= self._limit

    def add_job(self, entry: dict[str, Any], picture: bytes | None) -> None:
        """Add a job's manifest entry, and its picture under the file name in the entry."""
        self._entries.append(entry)
        self._reserved_bytes += _estimate_entry_size(entry)
        if picture is not None:
            self._zip.writestr(entry["picture"], picture, zipfile.ZIP_STORED)

    def finish_archive(self) -> bytes:
        """Add the manifest and return the archive."""
        self._zip.writestr("manifest.json", _encode_manifest({"jobs": self._entries}))
        self._zip.close()
        return self._buffer.getvalue()


def _estimate_entry_size(entry: dict[str, Any]) -> int:
    """Estimate the bytes that an entry takes at most, if its text cannot be compressed."""
    encoded = _encode_manifest({"jobs": [entry]})
    return len(encoded) + len(encoded) // 1000 + _ENTRY_OVERHEAD


def _encode_manifest(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1).encode()

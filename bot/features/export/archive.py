"""One zip of an export, filled until it is as large as an upload may be."""

import io
import json
import zipfile
from typing import Any, Final

_ENTRY_OVERHEAD: Final = 512  # bytes at most that a zip needs for a file beside its content, and once for its end
_ARCHIVE_OVERHEAD: Final = 1024


class ExportArchive:
    """A zip of `limit` bytes at most: pictures, and a manifest that describes their jobs and those without one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED)
        self._entries: list[dict[str, Any]] = []
        self._reserved = _ARCHIVE_OVERHEAD

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it yet."""
        return not self._entries

    def has_room_for(self, entry: dict[str, Any], picture: bytes | None) -> bool:
        """Tell whether there is room for one more."""
        return self._buffer.tell() + self._reserved + _estimate_entry_size(entry) + len(picture or b"") <= self._limit

    def add_job(self, entry: dict[str, Any], picture: bytes | None) -> None:
        """Put a job in, and its picture under the name that the entry gives it."""
        self._entries.append(entry)
        self._reserved += _estimate_entry_size(entry)
        if picture is not None:
            self._zip.writestr(entry["picture"], picture, zipfile.ZIP_STORED)

    def finish_archive(self) -> bytes:
        """End it with its manifest."""
        self._zip.writestr("manifest.json", _encode_manifest({"jobs": self._entries}))
        self._zip.close()
        return self._buffer.getvalue()


def _estimate_entry_size(entry: dict[str, Any]) -> int:
    """Give the bytes that an entry may take, however little the manifest can be compressed."""
    written = _encode_manifest({"jobs": [entry]})
    return len(written) + len(written) // 1000 + _ENTRY_OVERHEAD


def _encode_manifest(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1).encode()

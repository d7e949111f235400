"""One zip of an export, filled until it is as large as an upload may be."""

import io
import json
import zipfile
from typing import Any, Final

_HEADERS: Final = 512  # bytes at most that a zip needs for a file beside its content, and once for its end
_ONCE: Final = 1024


class Part:
    """A zip of `limit` bytes at most: pictures, and a manifest that describes their jobs and those without one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = io.BytesIO()
        self._zip = zipfile.ZipFile(self._bytes, "w", zipfile.ZIP_DEFLATED)
        self._entries: list[dict[str, Any]] = []
        self._reserved = _ONCE

    @property
    def empty(self) -> bool:
        """Whether nothing is in it yet."""
        return not self._entries

    def takes(self, entry: dict[str, Any], picture: bytes | None) -> bool:
        """Tell whether there is room for one more."""
        return self._bytes.tell() + self._reserved + _room(entry) + len(picture or b"") <= self._limit

    def add(self, entry: dict[str, Any], picture: bytes | None) -> None:
        """Put a job in, and its picture under the name that the entry gives it."""
        self._entries.append(entry)
        self._reserved += _room(entry)
        if picture is not None:
            self._zip.writestr(entry["picture"], picture, zipfile.ZIP_STORED)

    def whole(self) -> bytes:
        """End it with its manifest."""
        self._zip.writestr("manifest.json", _written({"jobs": self._entries}))
        self._zip.close()
        return self._bytes.getvalue()


def _room(entry: dict[str, Any]) -> int:
    """Give the bytes that an entry may take, however little the manifest can be compressed."""
    written = _written({"jobs": [entry]})
    return len(written) + len(written) // 1000 + _HEADERS


def _written(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1).encode()

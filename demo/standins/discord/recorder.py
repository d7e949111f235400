"""Records REST exchanges, one JSON object per line, for validation against Discord's OpenAPI document."""

import json
from pathlib import Path
from typing import Any


class ExchangeRecorder:
    """Writes exchanges to a file, which it truncates first; does nothing without a file."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("w", encoding="utf-8") if path else None

    def write_exchange(self, method: str, path: str, body: Any, status: int, response: Any) -> None:
        """Write one exchange; `path` is relative to /api/v10 and has no query."""
        if self._file:
            line = {"method": method, "path": path, "body": body, "status": status, "response": response}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

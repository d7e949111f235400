"""The file that a command writes its picture to."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

STANDARD_STREAM: Final = "-"
"""The name of a file that stands for standard input or output."""


class OutputFile:
    """A file that is written whole or not at all: to a temporary file beside it, which is then renamed.

    The temporary file is created on entering the context, so that a folder that is not writable is known before a
    call is paid for.
    """

    def __init__(self, name: str) -> None:
        self._path = None if name == STANDARD_STREAM else Path(name)
        self._temporary: Path | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._temporary = self._path.with_name(f".{self._path.name}.part")
            self._temporary.touch()
        return self

    def write(self, data: bytes) -> None:
        """Write the data."""
        if self._path is None or self._temporary is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            self._temporary.write_bytes(data)
            self._temporary.replace(self._path)

    def __exit__(self, *_: object) -> None:
        if self._temporary is not None:
            with suppress(FileNotFoundError):
                self._temporary.unlink()


def check_output(name: str) -> str | None:
    """Return why a file cannot be written, or None."""
    path = Path(name)
    if name == STANDARD_STREAM:
        return None
    if path.exists() and not path.is_file():
        return f"“{name}” is not a regular file, so a picture cannot replace it. Give another path."
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"“{name}” cannot be written. Its folder is missing or not yours. Give a path in a folder of yours."
    return None

"""Where a picture comes from, as the records know it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.outcome import Credentials


class FileKind(StrEnum):
    """A file of a job's result that was posted."""

    RESULT = "result"
    SMALLER = "smaller"
    """Encoded again, to fit into a message."""
    PREVIEW = "preview"
    """A thumbnail of it."""


@dataclass(frozen=True)
class PostedFile:
    """A file that was posted for a job, found by its hash."""

    job_id: str
    kind: FileKind
    credentials: Credentials | None = None

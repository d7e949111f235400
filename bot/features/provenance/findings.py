"""The facts that are known about one picture."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.provenance import PostedFile
from bot.domain.records import JobRecord
from bot.results.credentials import CredentialsReport
from shared.imaging.xmp import Marks


class Match(StrEnum):
    """How a picture fits the records."""

    EXACT = "exact"
    """It is a file that was posted, byte for byte."""
    CHANGED = "changed"
    """It names a result that is recorded, but is no file that was posted for it."""
    UNHASHED = "unhashed"
    """It names a result that is recorded, of which no hash is known to compare it with."""
    NONE = "none"


@dataclass(frozen=True)
class Findings:
    """Facts about a picture that a user may know. `record` is of the result that it is, or claims to be."""

    match: Match
    marks: Marks
    credentials: CredentialsReport | None
    record: JobRecord | None = None
    file: PostedFile | None = None

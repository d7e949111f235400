"""Backups of the database: what a manifest says, and when the last one was made."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from shared.errors import PentimentoError

MAX_AGE_SECONDS: Final = 2 * 86400.0
"""When a backup is too old, of those that are made every day."""


class BackupError(PentimentoError):
    """A backup cannot be made, or not be restored. The message is for the operator and holds no credentials."""


class BackupManifest(BaseModel):
    """What is in a backup: it is compared with the file before anything is overwritten.

    `migration` is the revision of the tables, `stored_format` as in `shared.stored_format`. `schema_name` is that of
    PostgreSQL. `made_at` is in Unix seconds; `row_counts` are by table.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    release: str
    stored_format: str
    migration: str
    made_at: float
    database: Literal["sqlite", "postgresql"]
    schema_name: str = ""
    file_name: str
    size_bytes: int
    sha256: str
    row_counts: dict[str, int]


@dataclass(frozen=True)
class LastBackup:
    """The last backup that was made of a database. `made_at` is in Unix seconds."""

    made_at: float
    size_bytes: int

    def is_old(self, now: float) -> bool:
        """Tell whether another one is overdue."""
        return now - self.made_at > MAX_AGE_SECONDS

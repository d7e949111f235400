"""The format of all that bot and worker store in Redis and in the database, as a number such as 1.0.

The first number changes when the release before cannot read, or would misunderstand, what this release stores. The
second one changes when something is added that the release before can ignore. A process reads its own first number and
the one before; it refuses to start on a newer one. docs/operate/upgrading.md tells operators what follows from this.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from shared.errors import PentimentoError


class UnsupportedFormatError(PentimentoError):
    """Another release stored this in a format that this one cannot read. The message is for the operator."""


@dataclass(frozen=True, order=True)
class StoredFormat:
    """A format, compared by its first number, then by its second."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse a format such as "1.0"; None if it is none."""
        match = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})", text)
        return cls(int(match[1]), int(match[2])) if match else None


CURRENT_FORMAT: Final = StoredFormat(1, 1)


def choose_format(stored: str | None, place: str, *, own: StoredFormat = CURRENT_FORMAT) -> StoredFormat:
    """Return the format to store: the newer one of `stored` (None: nothing is stored yet) and the release's own.

    `place` names where it is stored, in the error. Raises `UnsupportedFormatError`.
    """
    if stored is None:
        return own
    found = StoredFormat.parse(stored)
    if found is None:
        raise UnsupportedFormatError(
            f"{place} has a format that is no number. This release reads {own}. Check that it belongs to Pentimento."
        )
    if found.major > own.major:
        raise UnsupportedFormatError(
            f"{place} has the format {found} of a newer release. This one reads {own}. "
            "Run the newer release, or restore a backup from before the upgrade."
        )
    if found.major < own.major - 1:
        raise UnsupportedFormatError(
            f"{place} has the format {found} of an older release. This one reads {own.major - 1} and {own.major}. "
            "Upgrade to the releases in between first, one after the other."
        )
    return max(found, own)

"""The amount of data that is stored about a person."""

from dataclasses import dataclass
from typing import Final

MAX_COUNT: Final = 1000
"""So many rows of a kind are counted before they are deleted."""


@dataclass(frozen=True)
class StoredDataSummary:
    """The number of rows and pictures about a person. `jobs` have ended, `open_jobs` have not.

    `rows` are all rows about the ended jobs, `source_images` the pictures that only those jobs started from,
    `round_rows` the ballots, places in a relay and reminders of contests, `undelivered_images` the results that could
    not be posted, `batches` those with all their items and pictures, `reports` those sent to moderators,
    `team_choices` the servers in which they chose for whom they ask; `preferences` is 1 when the person has any.
    """

    jobs: int = 0
    rows: int = 0
    favourites: int = 0
    presets: int = 0
    style_sets: int = 0
    explorations: int = 0
    round_rows: int = 0
    thumbnails: int = 0
    source_images: int = 0
    undelivered_images: int = 0
    batches: int = 0
    reports: int = 0
    preferences: int = 0
    team_choices: int = 0
    open_jobs: int = 0

"""Searching past jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.records import JobRecord

COUNT_LIMIT: Final = 1000
"""So many results of a search are counted; that there are more is all that is found out about the others."""

CANDIDATE_LIMIT: Final = 3000
"""A search reads so many jobs, then it stops, however many there are, and goes on from there with the next page."""


@dataclass(frozen=True)
class SearchQuery:
    """The past jobs that `viewer_id` wants to see: by default their own. None and "" are no condition.

    `is_guild_wide`: everyone's jobs in this server, or only those of `requester_id`; `is_favourite`: the viewer's
    favourites. Every one of the `keywords` must occur in the prompts. `accepted_after` and `accepted_before` are Unix
    seconds. `has_picture`: only jobs with a picture that is not deleted; `hides_cancelled`: no cancelled jobs.
    """

    viewer_id: int
    is_guild_wide: bool = False
    requester_id: int | None = None
    is_favourite: bool = False
    keywords: str = ""
    model: str | None = None
    accepted_after: float | None = None
    accepted_before: float | None = None
    has_picture: bool = False
    hides_cancelled: bool = False


@dataclass(frozen=True)
class SearchStop:
    """The last job that a search looked at before it stopped, and when that was accepted, in Unix seconds."""

    job_id: str
    accepted_at: float


@dataclass(frozen=True)
class SearchPage:
    """A page of search results, newest first, and the number of all results; any above `COUNT_LIMIT` if there are more.

    It is above the number of those on this page and before it if there are older ones. With a `stop`, it is the number
    of results down to there.
    """

    records: Sequence[JobRecord]
    total_count: int
    stop: SearchStop | None = None

    @property
    def is_count_exact(self) -> bool:
        """Whether all results were counted."""
        return self.total_count <= COUNT_LIMIT


@dataclass(frozen=True)
class SearchSlice:
    """Search results next to one of them, newest first, without a count.

    `first_id` and `last_id` are those of the newest and of the oldest job, whether or not it is readable, or those
    between which there are no others; None if there is no job. `has_more`: there are more results in the direction of
    the search, or it stopped: older and newer jobs are found from `first_id` and `last_id` all the same.
    """

    records: Sequence[JobRecord]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False
    stop: SearchStop | None = None

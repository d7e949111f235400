"""Searching past jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.records import JobRecord


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
class SearchPage:
    """A page of search results, newest first, and the number of all results."""

    records: Sequence[JobRecord]
    total_count: int

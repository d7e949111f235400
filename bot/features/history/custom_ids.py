"""Custom ids of the components under a page of the history."""

from dataclasses import dataclass

from bot.interactions.custom_ids import JOB_ID, CustomId


@dataclass(frozen=True)
class ShowResultSelectId(CustomId, template="show_result"):
    """The select that shows a job of the page; its value is the job's id."""


@dataclass(frozen=True)
class HistoryPageId(CustomId, template=r"history_page:(?P<search_id>\d{1,20}):(?P<page_number>\d{1,5})"):
    search_id: str
    page_number: int


@dataclass(frozen=True)
class FavouritesPageId(CustomId, template=r"favourites_page:(?P<page_number>\d{1,5})"):
    page_number: int


@dataclass(frozen=True)
class HistoryNextToId(
    CustomId,
    template=r"history_next_to:(?P<search_id>\d{0,20}):(?P<page_number>\d{1,5}):(?P<direction>older|newer):" + JOB_ID,
):
    """A page beyond those that are counted: the jobs just older or newer than one. No search id: the favourites."""

    search_id: str
    page_number: int
    direction: str
    job_id: str

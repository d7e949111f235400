"""The select and the buttons under a page of the history."""

from typing import Any

from discord import ui

from bot.domain.search import SearchPage
from bot.features.history.custom_ids import FavouritesPageId, HistoryPageId, ShowResultSelectId
from bot.features.history.view import build_job_options, count_pages
from bot.interactions.components import build_button, build_select
from bot.interactions.custom_ids import CustomId
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages


def build_page_rows(
    page: SearchPage, page_number: int, search_id: str | None, messages: Messages, catalogue: Catalogue
) -> list[ui.ActionRow[Any]]:
    """Build a select that shows a job of the page, and buttons that turn the page.

    `search_id` is None for the favourites.
    """
    rows: list[ui.ActionRow[Any]] = []
    if page.records:
        placeholder, options = messages.text("history.choose"), build_job_options(page, catalogue)
        rows.append(ui.ActionRow(build_select(ShowResultSelectId(), placeholder, options)))
    buttons = [
        build_button(_make_page_id(search_id, number), messages.text(f"history.{direction}"))
        for direction, number in (("previous", page_number - 1), ("next", page_number + 1))
        if 1 <= number <= count_pages(page)
    ]
    if buttons:
        rows.append(ui.ActionRow(*buttons))
    return rows


def _make_page_id(search_id: str | None, page_number: int) -> CustomId:
    return FavouritesPageId(page_number) if search_id is None else HistoryPageId(search_id, page_number)

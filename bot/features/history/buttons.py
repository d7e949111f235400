"""The select and the buttons under a page of the history."""

from typing import Any

from discord import ui

from bot.features.history.custom_ids import FavouritesPageId, HistoryNextToId, HistoryPageId, ShowResultSelectId
from bot.features.history.view import HistoryPage, build_job_options
from bot.interactions.components import build_button, build_select
from bot.interactions.custom_ids import CustomId
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages


def build_page_rows(
    page: HistoryPage, search_id: str | None, messages: Messages, catalogue: Catalogue
) -> list[ui.ActionRow[Any]]:
    """Build a select that shows a job of the page, and buttons that turn the page.

    `search_id` is None for the favourites.
    """
    rows: list[ui.ActionRow[Any]] = []
    if page.records:
        placeholder, options = messages.text("history.choose"), build_job_options(page.records, catalogue)
        rows.append(ui.ActionRow(build_select(ShowResultSelectId(), placeholder, options)))
    targets = {}
    if page.has_newer:
        targets["previous"] = _make_page_id(search_id, max(1, page.number - 1), "newer", page.newer_id)
    if page.has_older:
        targets["next"] = _make_page_id(search_id, page.number + 1, "older", page.older_id)
    buttons = [build_button(target, messages.text(f"history.{name}")) for name, target in targets.items()]
    if buttons:
        rows.append(ui.ActionRow(*buttons))
    return rows


def _make_page_id(search_id: str | None, number: int, direction: str, job_id: str | None) -> CustomId:
    if job_id is not None:
        return HistoryNextToId(search_id or "", number, direction, job_id)
    return FavouritesPageId(number) if search_id is None else HistoryPageId(search_id, number)

"""The message of an exploration: what it says, and the buttons under it."""

from collections.abc import Sequence

from discord import ui

from bot.phrases import phrases_for
from bot.ports import Grid
from bot.render.grid import Stage, grid_view, label_of
from bot.views import grid_rows
from shared.catalogue import Catalogue


def message_of(grid: Grid, stages: Sequence[Stage], catalogue: Catalogue, *, sheet: bool) -> ui.LayoutView:
    """Show how far an exploration is, in the language of who asked for it; `sheet`: with its contact sheet."""
    phrases = phrases_for(grid.requester.locale)
    labels = {cell: label_of(grid.plan, place, catalogue, phrases) for place, cell in enumerate(grid.cells, 1)}
    ready = {cell for cell, stage in zip(grid.cells, stages, strict=True) if stage is Stage.DONE}
    rows = grid_rows(grid.id, labels, ready, phrases, waits=Stage.WAITING in stages)
    return grid_view(grid, stages, catalogue, phrases, rows=rows, sheet=sheet)

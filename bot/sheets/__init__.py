"""What the bot draws of finished pictures: thumbnails, contact sheets, family trees, time-lapses. No I/O."""

from bot.sheets.contact import MAX_CELLS, Cell, draw_contact_sheet
from bot.sheets.drawing import RenderedImage
from bot.sheets.lineage import MAX_NODES, Node, draw_lineage_tree
from bot.sheets.reading import make_thumbnail
from bot.sheets.timelapse import make_timelapse

__all__ = [
    "MAX_CELLS",
    "MAX_NODES",
    "Cell",
    "Node",
    "RenderedImage",
    "draw_contact_sheet",
    "draw_lineage_tree",
    "make_thumbnail",
    "make_timelapse",
]

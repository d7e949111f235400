"""What the bot draws of finished pictures: thumbnails, contact sheets, family trees, time-lapses. No I/O."""

from bot.images.canvas import RenderedImage
from bot.images.contact_sheet import MAX_CELLS, Cell, draw_contact_sheet
from bot.images.lineage_tree import MAX_NODES, Node, draw_lineage_tree
from bot.images.thumbnail import make_thumbnail
from bot.images.timelapse import make_timelapse

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

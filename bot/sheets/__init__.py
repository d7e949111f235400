"""What the bot draws of finished pictures: thumbnails, contact sheets, family trees, time-lapses. No I/O."""

from bot.sheets.contact import MOST_CELLS, Cell, contact_sheet
from bot.sheets.drawing import Sheet
from bot.sheets.lineage import MOST_NODES, Node, lineage_tree
from bot.sheets.reading import thumbnail
from bot.sheets.timelapse import timelapse

__all__ = [
    "MOST_CELLS",
    "MOST_NODES",
    "Cell",
    "Node",
    "Sheet",
    "contact_sheet",
    "lineage_tree",
    "thumbnail",
    "timelapse",
]

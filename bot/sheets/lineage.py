"""A family tree of pictures: who made each from which, with which seed, and what was changed on the way."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.sheets.branches import Metrics, Piece, Point, lay_out
from bot.sheets.contact import frame_of
from bot.sheets.drawing import GROUND, QUIET, TEXT, Canvas, Sheet
from bot.sheets.reading import THUMBNAIL_SIDE, stored
from bot.sheets.words import shown, wrapped

MOST_NODES: Final = 40
_MOST_LINES: Final = 4
MOST_PIXELS: Final = 4096
"""Of the longer side."""


@dataclass(frozen=True)
class Node:
    """A stored thumbnail in the tree, all words as the caller words them.

    `changed` says what differs from its parent, `here` marks it when it is not empty. `word` stands in for a missing
    or broken picture, `plain` for a name that the font cannot show. A `parent` that is not in the tree makes it a root.
    """

    id: str
    parent: str | None
    picture: bytes | None
    who: str
    seed: str
    changed: str = ""
    here: str = ""
    word: str = ""
    plain: str = ""


def lineage_tree(nodes: Sequence[Node], left_out: Callable[[int], str] = "+ {}".format) -> Sheet:
    """Draw the tree from left to right, each picture numbered by its place in `nodes`, from 1, and at most 4096 pixels.

    A branch that is too long or too wide goes on elsewhere, behind the number of the picture it continues. Of more than
    40 the nearest to the one marked `here` (else to the first) are drawn, and `left_out` words how many are not. It
    decodes, draws and encodes, so it belongs in a thread. Raises ValueError for no nodes, an id used twice, and a
    circle of parents.
    """
    if not nodes or len({node.id for node in nodes}) < len(nodes):
        raise ValueError(
            "this is no tree of pictures: it needs one or more, each with an id of its own; look at the ids"
        )
    chosen = _nearest(nodes)
    tree = _Tree(chosen, 1)
    if max(tree.width, tree.height) > MOST_PIXELS:
        tree = _Tree(chosen, 2)
    numbers = {node.id: number for number, node in enumerate(nodes, 1)}
    missing = len(nodes) - len(chosen)
    return tree.sheet([numbers[node.id] for node in chosen], left_out(missing) if missing else "")


class _Tree:
    """A tree laid out with all measures divided by `part`."""

    def __init__(self, nodes: Sequence[Node], part: int) -> None:
        side = THUMBNAIL_SIDE // 2 // part
        self._nodes = nodes
        self._pictures = [stored(node.picture, side) for node in nodes]
        self._frame = frame_of(self._pictures, side)
        self._text, self._gap, self._branch, self._stem = 28 // part, 32 // part, 236 // part, 30 // part
        places = {node.id: place for place, node in enumerate(nodes)}
        self._parents = [None if node.parent is None else places.get(node.parent) for node in nodes]
        self._footer = 2 * self._text
        row = self._frame[1] + round(2.75 * self._text) + self._gap
        around = 2 * self._gap + self._footer
        self._layout = lay_out(self._parents, Metrics(self._frame[0], row, self._branch, MOST_PIXELS - around))
        self.width, self.height = self._layout.width + 2 * self._gap, self._layout.height + around

    def sheet(self, numbers: Sequence[int], left_out: str) -> Sheet:
        """Draw it: branches first, pictures over them; without words of what was left out there is no room for them."""
        canvas = Canvas(self.width, self.height if left_out else self.height - self._footer - self._gap)
        for piece in self._layout.pieces:
            for place in piece.at:
                self._draw_branch(canvas, piece, place, numbers)
        broken = [number - 1 for place, number in enumerate(numbers) if not self._draw_node(canvas, place, number)]
        canvas.words((self._gap, self.height - self._gap), shown(left_out), self._text, middle=False, colour=QUIET)
        return canvas.sheet(broken)

    def _at(self, place: int) -> Point:
        x, y = self._layout.at[place]
        return x + self._gap, y + self._gap

    def _draw_branch(self, canvas: Canvas, piece: Piece, place: int, numbers: Sequence[int]) -> None:
        """Draw what leads to a picture, from its parent or from the number that stands for it, and what was changed."""
        parent = self._parents[place]
        if parent is None:
            return
        (left, top), middle = self._at(place), self._frame[1] // 2
        stem = left - self._branch + self._stem
        first = piece.parent == parent
        x, y = (stem, self._at(next(iter(piece.at)))[1]) if first else self._at(parent)
        from_x = stem if first else x + self._frame[0] // 2  # behind the picture
        points = [(from_x, y + middle), (stem, y + middle), (stem, top + middle), (left + middle, top + middle)]
        canvas.line(points, max(2, self._text // 8))
        small, begin = round(0.8 * self._text), stem + self._stem
        if first:
            canvas.badge(points[0], str(numbers[parent]), small, middle=True)
        lines = wrapped(shown(self._nodes[place].changed), small, left - begin - self._stem // 2, _MOST_LINES)
        above = (len(lines) + 1) // 2
        for number, line in enumerate(lines):
            baseline = top + middle + round((1.2 * (number - above) + (0.8 if number < above else 1.2)) * small)
            canvas.words((begin, baseline), line, small, middle=False, colour=QUIET)

    def _draw_node(self, canvas: Canvas, place: int, number: int) -> bool:
        """Draw a picture with all its words; tell whether it was laid, if there is one."""
        node, picture, at, text = self._nodes[place], self._pictures[place], self._at(place), self._text
        (x, y), (width, height) = at, self._frame
        radius, rim = text // 2, max(3, text // 4)
        if node.here:
            canvas.panel((x - rim, y - rim), (width + 2 * rim, height + 2 * rim), radius + rim, TEXT)
        around = TEXT if node.here else GROUND
        laid = canvas.thumbnail(at, picture, self._frame, radius, shown(node.word), text, around)
        canvas.badge((x + radius, y + radius), str(number), round(1.2 * text))
        for here in wrapped(shown(node.here), text, width - 3 * text // 2, 1):
            canvas.badge((x + width // 2, y + height - text - rim), here, text, middle=True)
        middle, below = x + width // 2, y + height
        for line in wrapped(shown(node.who, node.plain), text, width, 1):
            canvas.words((middle, below + round(1.4 * text)), line, text)
        for line in wrapped(shown(node.seed), round(0.85 * text), width, 1):
            canvas.words((middle, below + round(2.5 * text)), line, round(0.85 * text), colour=QUIET)
        return laid or node.picture is None


def _nearest(nodes: Sequence[Node]) -> list[Node]:
    """Choose, in the given order, those that the fewest steps between parent and child lead to from the marked one."""
    by_id = {node.id: node for node in nodes}
    beside: dict[str, list[str]] = {node.id: [] for node in nodes}
    for node in nodes:
        if node.parent in beside:
            beside[node.id].append(node.parent)
            beside[node.parent].append(node.id)
    starts = sorted(nodes, key=lambda node: not node.here)
    chosen: dict[str, Node] = {}
    for start in starts:
        waiting = deque([start.id])
        while waiting and len(chosen) < MOST_NODES:
            step = waiting.popleft()
            if step not in chosen:
                chosen[step] = by_id[step]
                waiting.extend(beside[step])
    return [node for node in nodes if node.id in chosen]
